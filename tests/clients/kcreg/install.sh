#!/bin/sh
# Gets kcreg.sh, Keycloak's command line tool for client registration, and prints its path.
#
# It is part of the server's archive, about 180 MB, which Maven keeps in its local repository; unpacked are the 15 MB
# that kcreg.sh consists of. They go to the user's cache folder and stay there.
set -eu

version=26.7.5
home=${XDG_CACHE_HOME:-$HOME/.cache}/matricula-tests/kcreg-$version
kcreg=$home/keycloak-$version/bin/kcreg.sh

if [ ! -f "$kcreg" ]; then
  # Unpacked beside its place and moved there, so that what is there is complete.
  part=$home.part.$$
  trap 'rm -rf "$part"' EXIT
  mkdir -p "$part"
  # Maven leaves a file of its own in the folder where it runs.
  cd "$part"
  echo "kcreg: getting keycloak-quarkus-dist $version" >&2
  mvn --batch-mode --quiet --no-transfer-progress org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack \
    -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" \
    -Dmdep.unpack.includes='*/bin/kcreg.sh,*/bin/client/**' \
    -DoutputDirectory="$part/unpacked" >&2
  rm -rf "$home"
  mv "$part/unpacked" "$home"
fi
echo "$kcreg"
