# Holdfast: what a contributor and CI run. A bare machine with Go, make and git
# is enough for `make run` and `make test`; CONTRIBUTING.md says more.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
BIN := bin
# The race detector is built with a C compiler. Without one the tests run all the
# same; CI asks for it with HOLDFAST_REQUIRE=race,...
RACE := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null && echo -race)
# A test that hangs should say where before the whole run's time is up.
TEST_TIMEOUT ?= 8m
# The compiler and the linker run a fifth faster when they collect their garbage less
# often. That it holds for the tests as well does them no harm.
BUILD_GOGC ?= 400
GOTEST := GOGC=$(BUILD_GOGC) $(GO) test
# Further flags for `go test`: make test TESTFLAGS='-run Reserve -v'
TESTFLAGS ?=
# Which benchmarks; empty means all
BENCH ?=

.PHONY: env help run build test test-race test-e2e test-fast bench relevance ci lint contract fmt generate services services-stop clean

help: ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

# HOLDFAST_SYNONYMS= (empty) runs without synonyms.
run: ## the whole stack in one process; HOLDFAST_DATA=DIR keeps its data; builds the tools too
	@[ -x $(BIN)/holdfast-dev ] || echo "The first build compiles a whole Temporal server: it takes some minutes (later ones take seconds)." >&2
	@GO='$(GO)' scripts/build.sh dev ./cmd/holdfast-dev $(BIN)/holdfast-dev
	@GO='$(GO)' scripts/build.sh . ./cmd/holdfast $(BIN)/holdfast
	@HOLDFAST_SYNONYMS="$${HOLDFAST_SYNONYMS-deploy/synonyms.txt}" exec $(BIN)/holdfast-dev

build: ## bin/holdfast, the binary that is shipped; VERSION=v1.2.3 stamps it
	@GO='$(GO)' scripts/build.sh . ./cmd/holdfast $(BIN)/holdfast

test: test-race test-e2e ## every test; REDIS_URL, REDIS_CLUSTER_URL ... add the real services

test-race:
ifeq ($(RACE),)
	@case ",$${HOLDFAST_REQUIRE:-}," in *,race,*) echo "HOLDFAST_REQUIRE wants the race detector, and there is no C compiler" >&2; exit 1 ;; esac
	@echo "no C compiler: the tests run without the race detector" >&2
endif
	$(GOTEST) $(RACE) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...

# No -race: this module holds the whole Temporal server, and the detector would
# watch that rather than Holdfast. The server without its Kubernetes parts
# (release) is a fifth smaller, and vet, which lint runs, would go through it all.
DEVFLAGS := -tags release -vet=off -ldflags='-s -w'
test-e2e:
	cd dev && $(GOTEST) $(DEVFLAGS) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...

test-fast: ## the product's own tests in short form, for while you write
	$(GOTEST) -short -timeout 60s $(TESTFLAGS) ./...

bench: ## measures, beside the bare floor (docs/benchmarks.md); BENCH='saga flash' for some of it
	@GO='$(GO)' scripts/build.sh dev ./cmd/holdfast-bench $(BIN)/holdfast-bench
	@GO='$(GO)' scripts/build.sh dev ./cmd/holdfast-dev $(BIN)/holdfast-dev
	@GO='$(GO)' scripts/build.sh . ./cmd/holdfast $(BIN)/holdfast
	@scripts/bench.sh $(BENCH)

# Where the judged searches are; they are no part of the project.
RELEVANCE_DATA ?= ../shared/data
relevance: ## nDCG@10 on judged searches, for both indexes; RELEVANCE_DATA=DIR, ELASTICSEARCH_URL
	@cd dev && RELEVANCE_DATA='$(abspath $(RELEVANCE_DATA))' $(GO) run ./bench/relevance -synonyms ../deploy/synonyms.txt

ci: ## everything that a change must pass, as CI runs it
	.ci/run

lint: ## golangci-lint on both modules, workflowcheck on the workflows
	@scripts/lint.sh

contract: ## openapi.yaml against linters, client generators and a running stack; needs Python
	@scripts/contract.sh

fmt: ## formats as lint wants it
	@scripts/fmt.sh

generate: ## makes what is generated, from openapi.yaml and others
	$(GO) generate ./...
	cd dev && $(GO) generate ./...

env: ## .env for docker compose, with secrets of its own
	@scripts/env.sh

services: ## real Redis, Redis Cluster, Elasticsearch and Chromium for the tests; prints their environment
	@scripts/services.sh install
	@scripts/services.sh start
	@echo "# to use them: eval \"\$$(scripts/services.sh env)\"; to end them: make services-stop" >&2

services-stop: ## ends what `make services` started
	@scripts/services.sh stop

clean: ## removes what was built
	rm -rf $(BIN)
