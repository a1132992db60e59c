# syntax=docker/dockerfile:1
# The operator's image: built from the lockfile alone, run by a user that is nobody, with nothing to write to. With
# `--target metadata-agent` the metadata agent's, which runs on hypervisors as root.
ARG NODE=node:24.21.0-bookworm-slim

FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package's install script runs. The optional packages are a Node for development.
RUN npm ci --ignore-scripts --omit=optional --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build \
 && npm prune --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund
# Of what is left, and all of it: `npm sbom --omit=dev` leaves out packages that development needs as well.
RUN npm pkg delete devDependencies optionalDependencies \
 && npm sbom --sbom-format=spdx > sbom.spdx.json

FROM ${NODE} AS program
LABEL org.opencontainers.image.title="overlay-network" \
      org.opencontainers.image.description="Tenant networks in Kubernetes, made real by OVN" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing installs packages here, or runs a shell's script as another user.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /opt/yarn-* /usr/local/bin/yarn /usr/local/bin/yarnpkg
ENV NODE_ENV=production
WORKDIR /opt/overlay-network
COPY --from=build /build/package.json /build/sbom.spdx.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# For `doctor`, which compares them with those of the cluster.
COPY crds ./crds
COPY LICENSE ./
ENTRYPOINT ["node", "dist/main.js"]

FROM program AS metadata-agent
LABEL org.opencontainers.image.title="overlay-network-metadata-agent" \
      org.opencontainers.image.description="What virtual machines of overlay-network are told at 169.254.169.254"
# For the network namespaces that it listens in: ip(8), ethtool(8) and mount(8) of the base's distribution.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends iproute2 ethtool mount \
 && rm -rf /var/lib/apt/lists/*
USER 0:0
CMD ["metadata-agent"]

FROM program
USER 65532:65532
EXPOSE 8080
CMD ["run"]
