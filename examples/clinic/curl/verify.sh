#!/bin/sh
# verify.sh SECRET HEADERS BODY checks a call of the server by Standard Webhooks: HEADERS is a
# file with a header a line, BODY the file with what was posted, byte by byte.
set -eu
header() { sed -n "s/^$1: *//Ip" "$2" | tr -d '\r'; }
id=$(header webhook-id "$2") stamp=$(header webhook-timestamp "$2")
age=$(($(date +%s) - stamp))
if [ "$age" -gt 300 ] || [ "$age" -lt -300 ]; then echo 'webhook-timestamp is too far from now' >&2; exit 1; fi
key=$(printf '%s' "${1#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
want=v1,$({ printf '%s.%s.' "$id" "$stamp"; cat "$3"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
for given in $(header webhook-signature "$2"); do # two while the secret is changed
  if [ "$given" = "$want" ]; then echo 'the server sent it'; exit 0; fi
done
echo 'no webhook-signature fits' >&2
exit 1
