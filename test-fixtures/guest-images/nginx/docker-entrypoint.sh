#!/bin/sh
set -e

log() {
  [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$0: $*"
}

# In the order of their names; what an .envsh exports is seen by those after it.
run_steps() {
  find /docker-entrypoint.d -follow -type f -print | sort -V | while read -r step; do
    if [ ! -x "$step" ]; then
      log "ignoring $step, not executable"
      continue
    fi
    case $step in
      *.envsh) log "reading $step"; . "$step" ;;
      *.sh) log "launching $step"; "$step" ;;
      *) log "ignoring $step" ;;
    esac
  done
}

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  run_steps
  log "configuration complete; ready for start up"
fi

exec "$@"
