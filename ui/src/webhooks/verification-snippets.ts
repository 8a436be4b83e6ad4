interface Snippet {
  language: string
  code: string
}

const NODE = `import { createHmac, timingSafeEqual } from 'node:crypto'

// header: X-Webhook-Signature; body: the raw bytes of the request
export function isGenuine(header, body, secret) {
  const parts = header.split(',').map((part) => part.split('='))
  const time = parts.find(([name]) => name === 't')?.[1]
  if (!(Math.abs(Date.now() / 1000 - Number(time)) <= 300)) return false
  const expected = createHmac('sha256', secret).update(\`\${time}.\`).update(body).digest()
  return parts.some(([name, hex]) => {
    const given = Buffer.from(name === 'v1' ? hex : '', 'hex')
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}
`

const PYTHON = `import hashlib, hmac, time

# header: X-Webhook-Signature; body: the raw bytes of the request
def is_genuine(header: str, body: bytes, secret: str) -> bool:
    parts = [part.split("=", 1) for part in header.split(",")]
    sent = next((value for name, value in parts if name == "t"), "0")
    if abs(time.time() - int(sent)) > 300:
        return False
    expected = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(name == "v1" and hmac.compare_digest(value, expected) for name, value in parts)
`

const GO = `package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// header: X-Webhook-Signature; body: the raw bytes of the request
func IsGenuine(header string, body []byte, secret string) bool {
	var sent string
	var given []string
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			sent = value
		case "v1":
			given = append(given, value)
		}
	}
	seconds, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || math.Abs(time.Since(time.Unix(seconds, 0)).Seconds()) > 300 {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(sent + "."))
	mac.Write(body)
	expected := []byte(hex.EncodeToString(mac.Sum(nil)))
	for _, signature := range given {
		if hmac.Equal([]byte(signature), expected) {
			return true
		}
	}
	return false
}
`

const PHP = `<?php
// $header: X-Webhook-Signature; $body: file_get_contents('php://input')
function is_genuine(string $header, string $body, string $secret): bool {
    $parts = array_map(fn ($part) => explode('=', $part, 2), explode(',', $header));
    $sent = '0';
    foreach ($parts as [$name, $value]) if ($name === 't') $sent = $value;
    if (abs(time() - (int) $sent) > 300) return false;
    $expected = hash_hmac('sha256', "$sent.$body", $secret);
    foreach ($parts as [$name, $value]) {
        if ($name === 'v1' && hash_equals($expected, $value)) return true;
    }
    return false;
}
`

const RUBY = `require "openssl"

# header: X-Webhook-Signature; body: request.raw_post
def genuine?(header, body, secret)
  parts = header.split(",").map { |part| part.split("=", 2) }
  sent = parts.assoc("t")&.last.to_s
  return false if (Time.now.to_i - sent.to_i).abs > 300
  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, "#{sent}.#{body}")
  parts.any? { |name, value| name == "v1" && OpenSSL.secure_compare(value, expected) }
end
`

/**
 * How a receiver checks the signature with nothing but its standard library. The test suite runs those whose language is
 * installed against the real signer.
 */
export const SNIPPETS: readonly Snippet[] = [
  { language: 'Node.js', code: NODE },
  { language: 'Python', code: PYTHON },
  { language: 'Go', code: GO },
  { language: 'PHP', code: PHP },
  { language: 'Ruby', code: RUBY },
]
