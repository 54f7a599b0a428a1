#!/bin/sh
# Starts Alertmanager in the compose stack: puts the addresses and secrets of the environment (.env) in the places that
# alertmanager/alertmanager.yml has for them. What is unset stays as it is there. Written to memory only, for its user alone.
set -eu
umask 077
run=/run/alertmanager
config=$run/alertmanager.yml

printf '%s' "${SMTP_PASSWORD:-}" >"$run/smtp-password"
printf '%s' "${SLACK_URL:-}" >"$run/slack-url"
sed -e "s|/etc/alertmanager/secrets|$run|" \
  -e 's|^\( *- *\)templates/|\1/etc/alertmanager/templates/|' \
  -e "/^global:/a\\
  smtp_require_tls: ${SMTP_REQUIRE_TLS:-true}" /etc/alertmanager/alertmanager.yml >"$config"

# Replaces a text, which has no special characters, by a value, which may have any.
put() {
  [ -n "$2" ] || return 0
  value=$(printf '%s' "$2" | sed 's/[\\|&]/\\&/g')
  sed "s|$1|$value|g" "$config" >"$config.new"
  mv "$config.new" "$config"
}
# A mail server that wants no account is offered none.
if [ -z "${SMTP_USERNAME:-}${SMTP_PASSWORD:-}" ]; then
  sed '/^  smtp_auth_/d' "$config" >"$config.new"
  mv "$config.new" "$config"
fi
put 'smtp\.example\.org:587' "${SMTP_SMARTHOST:-}"
put 'oncall@example\.org' "${ALERT_EMAIL:-}"
put 'smtp_auth_username: heartbeat@example\.org' "${SMTP_USERNAME:+smtp_auth_username: $SMTP_USERNAME}"
put 'heartbeat@example\.org' "${SMTP_FROM:-}"
put '#alerts' "${SLACK_CHANNEL:-}"
put 'https://dead-mans-switch\.example\.org/ping' "${DEAD_MANS_SWITCH_URL:-}"

unset SMTP_PASSWORD SLACK_URL SMTP_USERNAME DEAD_MANS_SWITCH_URL
exec /bin/alertmanager --config.file="$config" "$@"
