#!/bin/sh
# keys.sh FILE makes a private key in FILE, and prints the public key set to register.
set -eu
umask 077
openssl genrsa -out "$1" 3072 2>/dev/null
modulus=$(openssl rsa -in "$1" -noout -modulus | sed 's/^Modulus=//')
# Pairs of hexadecimal digits as bytes, which printf takes in octal.
n=$(printf '%s' "$modulus" | sed 's/../& /g' | tr ' ' '\n' | while read -r byte; do [ -z "$byte" ] || printf "\\$(printf '%03o' "0x$byte")"; done | base64 | tr -d '=\n' | tr '/+' '_-')
kid=$(printf '%s' "$modulus" | openssl dgst -sha256 -r | cut -c 1-16)
printf '{"keys":[{"kty":"RSA","alg":"RS384","kid":"%s","n":"%s","e":"AQAB"}]}\n' "$kid" "$n"
