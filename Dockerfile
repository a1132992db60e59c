# syntax=docker/dockerfile:1
# Builds the operator's image from the lockfile alone. The image runs as an unprivileged user and writes to no file.
# `--target metadata-agent` builds the image of the metadata agent, which runs on hypervisors as root.
ARG NODE=node:24.21.0-bookworm-slim

FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# `--ignore-scripts` runs no install script of a package. The optional packages are the Node for development.
RUN npm ci --ignore-scripts --omit=optional --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build \
 && npm prune --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund
# The SBOM lists every remaining package. `npm sbom --omit=dev` would omit packages that development needs as well, so
# the development dependencies are deleted from package.json first.
RUN npm pkg delete devDependencies optionalDependencies \
 && npm sbom --sbom-format=spdx > sbom.spdx.json

FROM ${NODE} AS program
LABEL org.opencontainers.image.title="overlay-network" \
      org.opencontainers.image.description="A Kubernetes operator that programs tenant networks into OVN" \
      org.opencontainers.image.licenses="Apache-2.0"
# The image installs no packages at run time, so npm, yarn and corepack are removed.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /opt/yarn-* /usr/local/bin/yarn /usr/local/bin/yarnpkg
ENV NODE_ENV=production
WORKDIR /opt/overlay-network
COPY --from=build /build/package.json /build/sbom.spdx.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# `doctor` compares these CRDs with the CRDs of the cluster.
COPY crds ./crds
COPY LICENSE ./
ENTRYPOINT ["node", "dist/main.js"]

FROM program AS metadata-agent
LABEL org.opencontainers.image.title="overlay-network-metadata-agent" \
      org.opencontainers.image.description="Metadata service of overlay-network: answers virtual machines at 169.254.169.254"
# The agent configures its network namespaces with ip(8), ethtool(8) and mount(8) of the base distribution.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends iproute2 ethtool mount \
 && rm -rf /var/lib/apt/lists/*
USER 0:0
CMD ["metadata-agent"]

FROM program
USER 65532:65532
EXPOSE 8080
CMD ["run"]
