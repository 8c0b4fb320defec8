# One file for five images: docker build -f deploy/service.Dockerfile --build-arg SERVICE=channel-router -t cxbank/channel-router .
# Two roles and one chore of the same image: api, worker, migrate (see entrypoint.sh).
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG SERVICE
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements/build.txt requirements/runtime-${SERVICE}.txt requirements/
RUN /opt/venv/bin/python -m pip install --require-hashes -r requirements/build.txt \
    && /opt/venv/bin/python -m pip install --require-hashes -r requirements/build.txt -r requirements/runtime-${SERVICE}.txt
COPY shared shared
COPY services/${SERVICE} services/${SERVICE}
RUN /opt/venv/bin/pip install --no-deps --no-build-isolation ./shared ./services/${SERVICE} \
    && /opt/venv/bin/pip check \
    && /opt/venv/bin/pip uninstall --yes pip

FROM python:${PYTHON}
ARG SERVICE
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SERVICE=${SERVICE} \
    CXBANK_MODE=production \
    CXBANK_HOST=0.0.0.0 \
    CXBANK_PORT=8000 \
    CXBANK_WORKER_PORT=9000
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin cxbank
COPY --from=build /opt/venv /opt/venv
COPY services/${SERVICE}/migrations /srv/service/migrations
COPY deploy/entrypoint.sh /srv/entrypoint.sh
WORKDIR /srv
USER 10001:10001
EXPOSE 8000 9000
ENTRYPOINT ["bash", "/srv/entrypoint.sh"]
CMD ["api"]
