#!/bin/sh
# Templates become configuration: variables of the environment, and only those, get their values.
set -e

variables=$(env | cut -d= -f1 | sed 's/.*/${&}/' | paste -s -d ' ')

for template in /etc/nginx/templates/*.template; do
  [ -f "$template" ] || continue
  output=/etc/nginx/conf.d/$(basename "$template" .template)
  echo "$0: $template to $output"
  envsubst "$variables" < "$template" > "$output"
done
