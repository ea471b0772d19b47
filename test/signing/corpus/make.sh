#!/usr/bin/env bash
# Makes the signature corpus with real gpg: public keys, signatures and the signed text. Run by hand; what it makes is committed.
# Every case's name says what it is; test/signing/corpus.test.ts says what must come of it.
set -euo pipefail
cd "$(dirname "$0")"
out=$PWD
rm -f -- *.asc *.sig *.txt

work=$(mktemp -d)
trap 'gpgconf --homedir "$work/a" --kill all; gpgconf --homedir "$work/b" --kill all; rm -rf "$work"' EXIT
mkdir -m 700 "$work/a" "$work/b"

# gpg A <time> <arguments>: the release key, with the clock at that time. B: a stranger with the same user id.
a() { local at=$1; shift; gpg --homedir "$work/a" --batch --yes --quiet --pinentry-mode loopback --passphrase '' --faked-system-time "$at!" "$@"; }
b() { gpg --homedir "$work/b" --batch --yes --quiet --pinentry-mode loopback --passphrase '' --faked-system-time "20200101T000000!" "$@"; }
uid='Corpus Buildbot <buildbot@example.org>'

printf 'FLATCAR_VERSION=4593.2.5\n' > data.txt

a 20200101T000000 --quick-gen-key "$uid" rsa2048 cert,sign never
primary=$(a 20200101T000000 --list-keys --with-colons | awk -F: '/^fpr/ {print $10; exit}')
subkey() { # <time> <lifetime>: adds a signing subkey and prints its fingerprint
  a "$1" --quick-add-key "$primary" rsa2048 sign "$2"
  a "$1" --list-keys --with-colons | awk -F: '/^fpr/ {last=$10} END {print last}'
}
first=$(subkey 20200101T000100 never)
lapsing=$(subkey 20200101T000200 1y)
compromised=$(subkey 20200101T000300 never)
superseded=$(subkey 20200101T000400 never)
a 20200101T000500 --armor --export "$primary" > before-rotation.asc
rotated=$(subkey 20220101T000000 never)

sign() { # <name> <time> <subkey> <more>
  local name=$1 at=$2 key=$3; shift 3
  a "$at" --local-user "$key!" "$@" --output "$name.sig" --detach-sign data.txt
}
sign good-sha256 20200601T000000 "$first" --digest-algo SHA256
sign good-sha512 20200601T000000 "$first" --digest-algo SHA512
sign good-by-primary 20200601T000000 "$primary" --digest-algo SHA512
sign rotated-subkey 20220601T000000 "$rotated" --digest-algo SHA512
sign expired-after-signing 20200601T000000 "$lapsing" --digest-algo SHA512
# gpg will not sign with an expired subkey: the expiry is shortened after the fact, with the signature made in between.
late=$(subkey 20200101T000600 never)
sign signed-after-expiry 20210601T000000 "$late" --digest-algo SHA512
sign revoked-compromised 20200601T000000 "$compromised" --digest-algo SHA512
sign superseded-before 20200601T000000 "$superseded" --digest-algo SHA512
sign superseded-after 20210601T000000 "$superseded" --digest-algo SHA512
sign sha1 20200601T000000 "$first" --digest-algo SHA1 --allow-weak-digest-algos 2>/dev/null || sign sha1 20200601T000000 "$first" --digest-algo SHA1 --allow-weak-key-signatures
a 20200601T000000 --local-user "$first!" --textmode --digest-algo SHA512 --output type-text.sig --detach-sign data.txt
a 20200601T000000 --local-user "$first!" --armor --digest-algo SHA512 --output armored.sig --detach-sign data.txt
cat good-sha512.sig good-sha256.sig > two-packets.sig
head -c 100 good-sha512.sig > truncated.sig
{ cat good-sha512.sig; printf 'garbage'; } > trailing-garbage.sig
: > empty.sig

# The subkey that signed late is given an expiry before that date; two others are revoked, with their reasons.
{ printf 'key %s\nexpire\n20210101T000000\nsave\n' "$late"; } | a 20200101T000700 --command-fd 0 --edit-key "$primary" >/dev/null 2>&1
revoke() { # <time> <subkey> <reason: 1 compromised, 2 superseded>
  printf 'key %s\nrevkey\ny\n%s\n\ny\nsave\n' "$2" "$3" | a "$1" --command-fd 0 --edit-key "$primary" >/dev/null 2>&1
}
revoke 20210101T000000 "$compromised" 1
revoke 20210101T000000 "$superseded" 2
a 20220701T000000 --armor --export "$primary" > key.asc

b --quick-gen-key "$uid" rsa2048 cert,sign never
b --digest-algo SHA512 --output wrong-primary.sig --detach-sign data.txt
b --armor --export > stranger.asc
printf '%s\n' "$primary" > primary.txt
echo "made in $out"
