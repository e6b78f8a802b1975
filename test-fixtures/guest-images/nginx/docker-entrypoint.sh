#!/bin/sh
set -e

log() {
  [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$0: $*"
}

if [ "$1" = nginx ]; then
  for script in /docker-entrypoint.d/*.sh; do
    if [ -x "$script" ]; then
      log "launching $script"
      "$script"
    else
      log "ignoring $script, not executable"
    fi
  done
  log "configuration complete; ready for start up"
fi

exec "$@"
