#!/bin/sh
# clinic.sh ORDER.json sends a prescription as the software of a clinic does, and follows it.
# README.md says how to try it.
set -eu
: "${PESTLE_URL:?}" "${PESTLE_CLIENT:?}" "${PESTLE_KEY:?}"
order=$1
work=$(mktemp -d)
subscription=
finish() {
  [ -z "$subscription" ] || curl -s -o "$work/answer" -X DELETE -H "@$work/token" "$PESTLE_URL/Subscription/$subscription" || true
  rm -rf "$work"
}
trap finish EXIT
answer() { jq -er "$@" "$work/answer"; }

# fetch URL [curl's arguments] puts the answer into $work/answer. It tries again while there
# is none, or one that another attempt may change.
fetch() {
  attempt=0
  while :; do
    status=$(curl -sS --max-time 30 -D "$work/head" -o "$work/answer" -w '%{http_code}' "$@" 2>"$work/error") || status=000
    case $status in
    2*) return 0 ;;
    000 | 429 | 5*) ;;
    *) break ;;
    esac
    attempt=$((attempt + 1))
    [ "$attempt" -lt 8 ] || break
    after=$(sed -n 's/^retry-after: *\([0-9]*\).*/\1/Ip' "$work/head" 2>/dev/null)
    sleep "${after:-$attempt}"
  done
  echo "$1: $status" >&2
  cat "$work/error" "$work/answer" >&2 2>/dev/null
  exit 1
}

encoded() { base64 | tr -d '=\n' | tr '/+' '_-'; }

# The kid is what keys.sh made of the public key.
kid=$(openssl rsa -in "$PESTLE_KEY" -noout -modulus | sed 's/^Modulus=//' | tr -d '\n' | openssl dgst -sha256 -r | cut -c 1-16)
fetch "$PESTLE_URL/.well-known/smart-configuration"
endpoint=$(answer .token_endpoint)
now=$(date +%s)
signed=$(printf '{"alg":"RS384","typ":"JWT","kid":"%s"}' "$kid" | encoded).$(printf '{"iss":"%s","sub":"%s","aud":"%s","jti":"%s","exp":%s}' \
  "$PESTLE_CLIENT" "$PESTLE_CLIENT" "$endpoint" "$(openssl rand -hex 16)" "$((now + 240))" | encoded)
assertion=$signed.$(printf '%s' "$signed" | openssl dgst -sha384 -sign "$PESTLE_KEY" | encoded)
# The assertion and the token are passed in files: arguments can be seen by everybody on the machine.
printf '%s' "$assertion" >"$work/assertion"
fetch "$endpoint" --data-urlencode grant_type=client_credentials \
  --data-urlencode 'scope=system/Task.rs system/Subscription.cruds system/$validate system/$process-message system/$progress' \
  --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer --data-urlencode "client_assertion@$work/assertion"
printf 'Authorization: Bearer %s\n' "$(answer .access_token)" >"$work/token"
echo "token     expires in $(answer .expires_in) s"

call() { path=$1; shift; fetch "$PESTLE_URL/$path" -H "@$work/token" -H 'Accept: application/fhir+json' "$@"; }
json='Content-Type: application/fhir+json'

call Subscription -H "$json" -d '{
  "resourceType": "Subscription", "status": "requested", "reason": "to know when an order has arrived",
  "criteria": "https://pestle-fhir.github.io/SubscriptionTopic/prescription-received",
  "channel": {"type": "websocket", "payload": "application/fhir+json",
    "_payload": {"extension": [{"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content", "valueCode": "id-only"}]}}}'
subscription=$(answer .id)
echo "events    of Subscription/$subscription are counted"

call '$validate' -H "$json" --data-binary "@$order"
if answer '.issue[] | select(.severity == "error" or .severity == "fatal") | "\(.expression // [] | join(", ")): \(.diagnostics)"' >&2; then
  exit 1
fi
echo 'valid     nothing to put right'

# The id of the message names the request: the same whenever the message is sent.
request=$(jq -er .identifier.value "$order")
number=$(jq -er 'first(.entry[].resource | select(.resourceType == "MedicationRequest").groupIdentifier.value)' "$order")
call '$process-message' -H "$json" -H "X-Request-ID: $request" --data-binary "@$order"
echo "sent      $number"

progress() {
  call "$1/\$progress"
  echo "progress  $(answer '[.parameter[] | select(.name == "step").valueCode, select(.name == "since").valueDateTime] | join(", since ")')"
  exit 0
}

for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
  call "Subscription/$subscription/\$events?eventsSinceNumber=1"
  for task in $(answer '.entry[0].resource.parameter[] | select(.name == "notification-event").part[] | select(.name == "focus").valueReference.reference | split("/")[-2:] | join("/")'); do
    call "$task"
    if answer --arg number "$number" '.groupIdentifier.value == $number' >/dev/null; then
      echo "told      $task"
      progress "$task"
    fi
  done
  sleep 1
done

# Whoever sends an order again is not told again.
call 'Task?code=prescription-order' --get --data-urlencode "group-identifier=$number"
task=$(answer '.entry[0].resource.id') || { echo "the prescription did not arrive in $second seconds" >&2; exit 1; }
progress "Task/$task"
