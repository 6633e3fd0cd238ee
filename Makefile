# Holdfast: what contributors and CI run. A bare machine with Go, make and git is enough
# for `make run` and `make test`; see CONTRIBUTING.md for more.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
BIN := bin
# The race detector needs a C compiler. Without one the tests run without it; CI requires
# it with HOLDFAST_REQUIRE=race,...
RACE := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null && echo -race)
# A test that hangs should show where before the time limit of the whole run.
TEST_TIMEOUT ?= 8m
# The compiler and the linker run a fifth faster if they collect garbage less often. The
# setting also reaches the tests, where it does no harm.
BUILD_GOGC ?= 400
GOTEST := GOGC=$(BUILD_GOGC) $(GO) test
# Additional flags for `go test`: make test TESTFLAGS='-run Reserve -v'
TESTFLAGS ?=
# Which benchmarks to run; empty means all
BENCH ?=

.PHONY: env help pictures run build test test-race test-e2e test-fast bench relevance ci lint contract fmt generate services services-stop clean

help: ## prints this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

# HOLDFAST_SYNONYMS= (empty) runs without synonyms.
run: ## runs the whole stack in one process and builds the tools; HOLDFAST_DATA=DIR keeps its data
	@[ -x $(BIN)/holdfast-dev ] || echo "The first build compiles a whole Temporal server: it takes a few minutes (later builds take seconds)." >&2
	@GO='$(GO)' scripts/build.sh dev ./cmd/holdfast-dev $(BIN)/holdfast-dev
	@GO='$(GO)' scripts/build.sh . ./cmd/holdfast $(BIN)/holdfast
	@HOLDFAST_SYNONYMS="$${HOLDFAST_SYNONYMS-deploy/synonyms.txt}" exec $(BIN)/holdfast-dev

build: ## builds bin/holdfast, the binary that is shipped; VERSION=v1.2.3 stamps it
	@GO='$(GO)' scripts/build.sh . ./cmd/holdfast $(BIN)/holdfast

test: test-race test-e2e ## runs every test; REDIS_URL, REDIS_CLUSTER_URL ... add real services

test-race:
ifeq ($(RACE),)
	@case ",$${HOLDFAST_REQUIRE:-}," in *,race,*) echo "HOLDFAST_REQUIRE requires the race detector, but there is no C compiler" >&2; exit 1 ;; esac
	@echo "no C compiler: the tests run without the race detector" >&2
endif
	$(GOTEST) $(RACE) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...

# No -race: this module contains the whole Temporal server, and the detector would mostly
# watch that rather than Holdfast. Without its Kubernetes parts (tag release) the server is a
# fifth smaller. No vet, because it would go through all of that; lint runs it.
DEVFLAGS := -tags release -vet=off -ldflags='-s -w'
test-e2e:
	cd dev && $(GOTEST) $(DEVFLAGS) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...

pictures: ## makes the pictures in docs/pictures with Chromium
	cd dev && HOLDFAST_REQUIRE=chromium HOLDFAST_SCREENSHOTS='$(abspath docs/pictures)' $(GOTEST) $(DEVFLAGS) -count=1 -run TestPictures ./test/web

test-fast: ## runs short versions of the product's own tests, for quick feedback
	$(GOTEST) -short -timeout 60s $(TESTFLAGS) ./...

bench: ## measures against the bare minimum (docs/benchmarks.md); BENCH='saga flash' runs some of it
	@GO='$(GO)' scripts/build.sh dev ./cmd/holdfast-bench $(BIN)/holdfast-bench
	@GO='$(GO)' scripts/build.sh dev ./cmd/holdfast-dev $(BIN)/holdfast-dev
	@GO='$(GO)' scripts/build.sh . ./cmd/holdfast $(BIN)/holdfast
	@scripts/bench.sh $(BENCH)

# Where the judged searches are; they are not part of the project.
RELEVANCE_DATA ?= ../shared/data
relevance: ## measures nDCG@10 on judged searches, for both indexes; RELEVANCE_DATA=DIR, ELASTICSEARCH_URL
	@cd dev && RELEVANCE_DATA='$(abspath $(RELEVANCE_DATA))' $(GO) run ./bench/relevance -synonyms ../deploy/synonyms.txt

ci: ## runs everything that a change must pass, as CI does
	.ci/run

lint: ## runs golangci-lint on both modules and workflowcheck on the workflows
	@scripts/lint.sh

contract: ## checks openapi.yaml with linters, client generators and a running stack; needs Python
	@scripts/contract.sh

fmt: ## formats the code as lint expects
	@scripts/fmt.sh

generate: ## regenerates code and documents, from openapi.yaml and other sources
	$(GO) generate ./...
	cd dev && $(GO) generate ./...

env: ## writes .env for docker compose, with new secrets
	@scripts/env.sh

services: ## installs and starts Redis, Redis Cluster, Elasticsearch and Chromium for the tests; prints their environment
	@scripts/services.sh install
	@scripts/services.sh start
	@echo "# to use them: eval \"\$$(scripts/services.sh env)\"; to stop them: make services-stop" >&2

services-stop: ## stops what `make services` started
	@scripts/services.sh stop

clean: ## removes build output
	rm -rf $(BIN)
