# Debian 12 and its own Python, on which the tests run: it comes without pip, and Debian mends it.
# Whoever wants each build from the same base gives a digest: --build-arg DEBIAN=debian@sha256:…
ARG DEBIAN=debian:12-slim

FROM ${DEBIAN} AS base
# Not pinned: a version that was mended is gone from Debian's archive. tzdata: moments are told
# to people in Europe/Amsterdam.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 tzdata \
    && rm -rf /var/lib/apt/lists/*

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /tools \
    && python3 -m venv --without-pip /opt/klantcontact
WORKDIR /source
COPY requirements.lock requirements-build.lock ./
# Wheels alone: nothing is compiled, and no package's own code runs while it is installed.
RUN /tools/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes \
        --requirement requirements-build.lock \
    && /tools/bin/pip --python /opt/klantcontact/bin/python install --no-cache-dir --no-deps \
        --only-binary :all: --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY templates templates
COPY worker worker
RUN /tools/bin/pip wheel --no-cache-dir --no-deps --no-index --no-build-isolation \
        --wheel-dir /wheels . \
    && /tools/bin/pip --python /opt/klantcontact/bin/python install --no-cache-dir --no-deps \
        --no-index /wheels/*.whl

FROM base
ARG REVISION=unknown
LABEL org.opencontainers.image.title="klantcontact" \
      org.opencontainers.image.description="Puts every contact between a citizen and their municipality into the case it belongs to." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="EUPL-1.2" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/klantcontact /opt/klantcontact
# The user is a number, which needs no name: a platform may choose another. Without a name,
# LOGNAME says who acts where a command is given no --as.
ENV PATH=/opt/klantcontact/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/ \
    LOGNAME=klantcontact \
    PYTHONDONTWRITEBYTECODE=1 \
    KLANTCONTACT_HTTP_HOST=0.0.0.0 \
    KLANTCONTACT_HTTP_PORT=8080
USER 10001:10001
EXPOSE 8080
# No proxy that may be set, and none of the program's own code: it costs 50 ms.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/bin/python3", "-IS", "-c", "import http.client, os, sys; at = http.client.HTTPConnection('127.0.0.1', int(os.environ['KLANTCONTACT_HTTP_PORT']), timeout=4); at.request('GET', '/livez'); sys.exit(at.getresponse().status != 200)"]
ENTRYPOINT ["klantcontact"]
CMD ["worker"]
