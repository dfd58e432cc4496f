# Everything that is done to this project, one target each. `make` alone says what there is.

GO       ?= go
BIN      := bin/pestle
FUZZTIME ?= 30s
# One static binary, the same bytes from the same commit on every machine.
export CGO_ENABLED := 0
TAGS     := nomsgpack
LDFLAGS  := -s -w \
  -X main.release=$(shell git describe --tags --always --dirty 2>/dev/null) \
  -X main.commit=$(shell git rev-parse HEAD 2>/dev/null) \
  -X main.date=$(shell git show -s --format=%cI HEAD 2>/dev/null)
# What is not on the way of a prescription is compiled without inlining: 1 to 2 MB of the binary
# (docs/adr/performance.md).
OURS     := github.com/pestle-fhir/pestle
COLD     := $(addprefix $(OURS)/,cmd/... internal/... profiles/fsh profiles/definition profiles/snapshot profiles/served \
  profiles/terminology/snomed fhir/view fhir/dosage fhir/patch fhir/xml store/archive store/log/ship store/log/file \
  pharmacy/alerts/... pharmacy/notices/... pharmacy/invoicing/... pharmacy/paper pharmacy/sheet pharmacy/rules \
  pharmacy/warehouse/... pharmacy/spine/... pharmacy/dispensing/takeon pharmacy/reimbursement/tariff/... pharmacy/register trust/purge trust/emergency trust/scan trust/duties \
  server/console/... server/messages server/limit server/node server/openapi server/page/... server/oauth/... server/signin/... server/people server/subscription/... server/webauthn) \
  github.com/go-pdf/... gopkg.in/yaml.v3 github.com/prometheus/... github.com/go-jose/... github.com/coreos/... \
  github.com/gabriel-vasile/... github.com/go-playground/... github.com/spf13/... github.com/coder/... filippo.io/... \
  golang.org/x/text/encoding/... golang.org/x/text/internal/... golang.org/x/text/language golang.org/x/oauth2/... go.opentelemetry.io/... \
  net/http/pprof runtime/pprof internal/profile runtime/trace image/... crypto/x509 crypto/tls encoding/asn1 encoding/xml \
  github.com/google/fhir/go/proto/... vendor/golang.org/x/... net log/... flag os/... archive/... \
  google.golang.org/protobuf/... \
  golang.org/x/mod/... github.com/pelletier/... github.com/dgraph-io/badger/v4/pb encoding/gob encoding/csv net/textproto net/url crypto/rsa crypto/ecdsa \
  net/smtp net/mail mime/... html go/... text/... \
  $(OURS)/server $(OURS)/server/auth $(OURS)/profiles/terminology/... $(OURS)/fhir/ucum \
  $(OURS)/trust/ledger $(OURS)/trust/redaction $(OURS)/store/content/... net/http encoding/json github.com/gin-gonic/... \
  github.com/klauspost/compress/flate github.com/klauspost/compress/zstd math/big regexp/... compress/... crypto/hpke golang.org/x/crypto/... golang.org/x/time/... fmt
BUILD     = $(GO) build -trimpath -buildvcs=false -tags $(TAGS) -ldflags '$(LDFLAGS)' $(COLD:%=-gcflags=%=-l)
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
LINT     := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# The R4 definitions, for `make generate`: an hl7.fhir.r4.core package (.tgz or folder).
R4       ?= ../shared/definitions/hl7.fhir.r4.core-4.0.1.tgz
UCUM     ?= ../shared/suites/ucum/ucum-essence.xml

.PHONY: help run build build-s3 build-cluster cross size release test lint generate bench oracle clients fuzz long short

help:
	@echo 'make run        build, and serve a sandbox on http://127.0.0.1:8080/fhir'
	@echo 'make build      one static binary, $(BIN)'
	@echo 'make build-s3   the same, that can keep documents in S3, call the NHS, send traces and get certificates: $(BIN)-s3'
	@echo 'make build-cluster  the same, that can be one of several servers: $(BIN)-cluster'
	@echo 'make cross      compile for every platform: $(PLATFORMS)'
	@echo 'make release    archives of every platform, bills of materials, checksums and signature, in $(RELEASE)'
	@echo 'deploy/check    start or lint everything in deploy, and say which'
	@echo 'make test       all tests that need nothing but Go; the suites of others are those of make oracle'
	@echo 'make lint       gofmt and golangci-lint'
	@echo 'make generate   make the generated tables again, from R4=$(R4)'
	@echo 'make bench      the table of figures that the project holds itself to; BENCH=-long for a million resources'
	@echo 'make oracle     the suites of others, from PESTLE_SHARED or ../shared'
	@echo 'make clients    public FHIR clients, installed from their registries, against a sandbox'
	@echo 'make long       the long proofs; make long NAME runs one and adds its figures to docs/figures.md'
	@echo 'make short      the short form of each long proof'
	@echo 'make fuzz       every fuzz target for FUZZTIME=$(FUZZTIME)'

build:
	$(BUILD) -o $(BIN) ./cmd/pestle

# The same with documents in S3 (docs/adr/documents.md), the APIs of the NHS (docs/adr/nhs.md), traces and
# certificates by ACME, as releases have it.
S3TAGS   := $(TAGS),s3,nhs,otlp,acme
build-s3: TAGS := $(S3TAGS)
build-s3:
	$(BUILD) -o $(BIN)-s3 ./cmd/pestle

# The same that can be one of several servers with the same data (docs/adr/cluster.md).
CLUSTERTAGS := $(S3TAGS),cluster
build-cluster: TAGS := $(CLUSTERTAGS)
build-cluster:
	$(BUILD) -o $(BIN)-cluster ./cmd/pestle
	@bytes=$$(wc -c <$(BIN)-cluster); echo "$(BIN)-cluster has $$bytes bytes, at most 60000000"; test "$$bytes" -le 60000000

cross:
	@for p in $(PLATFORMS); do echo "$$p"; GOOS=$${p%/*} GOARCH=$${p#*/} $(BUILD) -o /dev/null ./cmd/pestle || exit 1; done

# The binary is static and at most 36 MB (1 MB = 10^6 bytes), and nothing in it looks
# methods up by a name that is not constant, for which the linker would have to keep
# them all (docs/adr/command-line.md).
size: build
	@bytes=$$(wc -c <$(BIN)); echo "$(BIN) has $$bytes bytes, at most 36000000"; test "$$bytes" -le 36000000
	@! ldd $(BIN) >/dev/null 2>&1 || { echo '$(BIN) is not static'; exit 1; }
	@$(BUILD) -ldflags '$(LDFLAGS) -dumpdep' -o /dev/null ./cmd/pestle 2>&1 | grep -o '[^ ]* <\(UsedInIface\|ReflectMethod\)>' | sort -u >$(BIN).deps
	@grep -q UsedInIface $(BIN).deps || { echo 'the linker says no more what it keeps'; exit 1; }
	@! grep ReflectMethod $(BIN).deps || { echo 'these look methods up by name: the linker keeps all exported methods'; exit 1; }

# What is passed on, in $(RELEASE): the same bytes from the same commit with the same
# version of Go. PESTLE_SIGN_KEY=FILE names a minisign key by which it is signed.
RELEASE := out/release
PACK    := out/build
release: TAGS := $(S3TAGS)
release: build
	rm -rf $(PACK)
	@for p in $(PLATFORMS); do \
	  of=$(PACK)/$${p%/*}_$${p#*/}; test $${p%/*} = windows && suffix=.exe || suffix=; echo "$$p"; \
	  GOOS=$${p%/*} GOARCH=$${p#*/} $(BUILD) -o $$of/pestle$$suffix ./cmd/pestle || exit 1; done
	@mkdir -p $(PACK)/share/completions
	$(BIN) man --to $(PACK)/share/man/man1
	@for s in bash zsh fish powershell; do $(BIN) completion $$s >$(PACK)/share/completions/pestle.$$s || exit 1; done
	$(GO) run ./internal/release -version "$$(git describe --tags --always --dirty)" -date "$$(git show -s --format=%cI HEAD)" -from $(PACK) -to $(RELEASE) -key "$(PESTLE_SIGN_KEY)"
	@cd $(RELEASE) && sha256sum -c --quiet SHA256SUMS && ls -l

run: build
	$(BIN) serve --sandbox

# The suites of others are left to make oracle, which runs each of them against its floor.
test:
	$(GO) test -tags $(TAGS) -skip '^TestOracle' ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these'; exit 1; }
	$(LINT) run ./...

generate:
	PESTLE_R4=$(abspath $(R4)) PESTLE_UCUM=$(abspath $(UCUM)) $(GO) generate ./...

bench:
	$(GO) run ./internal/bench $(BENCH)

oracle:
	$(GO) test -tags $(TAGS) -count 1 -v -run '^TestOracle' ./... | grep -E '^(oracle |--- FAIL|FAIL|panic)|_test.go' ; test $${PIPESTATUS[0]} -eq 0

clients:
	PESTLE_CLIENTS=1 $(GO) test -count 1 -v ./conformance/clients ./conformance/clinic | grep -E '^(oracle |ok|FAIL|panic)|--- |_test.go' ; test $${PIPESTATUS[0]} -eq 0

# `make long kills`: the words after it name a proof, and are no targets.
ifeq (long,$(firstword $(MAKECMDGOALS)))
PROOF := $(wordlist 2,2,$(MAKECMDGOALS))
$(eval $(PROOF):;@:)
endif

long:
	@.ci/long $(PROOF)

short:
	@.ci/long -short

fuzz:
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

SHELL := /bin/bash
