# Production image: hashed requirements, static files collected, no root, no embedded servers.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/prod.txt /tmp/prod.txt
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /tmp/prod.txt
WORKDIR /app
COPY . .
# These values live for this one command; the image holds no secret.
RUN CRM_ENV=production CRM_ALLOWED_HOSTS=build CRM_SECRET_KEY="$(/opt/venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
    DATABASE_URL=postgres://build@build/build REDIS_URL=redis://build/0 CRM_STATIC=/app/static \
    /opt/venv/bin/python manage.py collectstatic --noinput && /opt/venv/bin/python -m compileall -q crm leads campaigns

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 CRM_ENV=production CRM_DATA=/data CRM_STATIC=/app/static PORT=8000
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin crm \
    && install --directory --owner crm --group crm --mode 0700 /data /data/beat /data/media /backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
EXPOSE 8000
VOLUME /data /backups
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["python", "-m", "crm.launch", "healthz"]
CMD ["gunicorn", "-c", "python:crm.gunicorn_conf", "--bind", "0.0.0.0:8000"]
