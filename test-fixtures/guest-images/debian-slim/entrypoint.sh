#!/bin/bash
set -e
echo "entrypoint: as $(id -un) in $(pwd)"
exec "$@"
