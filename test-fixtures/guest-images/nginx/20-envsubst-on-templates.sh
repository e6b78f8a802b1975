#!/bin/sh
# A page made at start from the environment.
set -e

printf 'host %s\ngreeting %s\n' "$(uname -n)" "${GREETING:-none}" > /usr/share/nginx/html/environment.txt
