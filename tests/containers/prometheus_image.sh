#!/bin/sh
# Prometheus's image for a machine that reaches Debian's packages but no registry of images: the same release, out of Debian's
# testing suite, on a base that is there already. usage: prometheus_image.sh IMAGE BASE
set -eu
image=$1 base=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/image"
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -1)
keys=$(sed -n 's/^Signed-By: *//p' /etc/apt/sources.list.d/debian.sources | head -1)
echo "deb [signed-by=$keys] $mirror testing main" >"$work/testing.list"
apt="apt-get -qq -oDir::State::Lists=$work/lists -oDir::Cache=$work/cache -oDir::Etc::SourceParts=/dev/null"
apt="$apt -oDir::Etc::SourceList=$work/testing.list -oAPT::Sandbox::User=root"
$apt update
cd "$work"
$apt download prometheus
dpkg-deb -x prometheus_*.deb files
cp files/usr/bin/prometheus image/
found=$(image/prometheus --version | sed -n 's/^prometheus, version \([0-9]*\.[0-9]*\).*/\1/p')
case $image in *":v$found."*) ;; *) echo "prometheus_image: Debian has $found, not $image" >&2; exit 1 ;; esac
# As the official image has it: the user, the directory that its volume is made from, the entry point.
cat >image/Dockerfile <<D
FROM $base
COPY prometheus /bin/prometheus
RUN mkdir -p /prometheus /etc/prometheus && chown 65534:65534 /prometheus
USER 65534
WORKDIR /prometheus
EXPOSE 9090
ENTRYPOINT ["/bin/prometheus"]
D
docker build -q -t "$image" image >/dev/null
