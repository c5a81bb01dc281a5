# What one does with Billfold's source. `make` alone explains itself.

GO      ?= go
BINARY  := bin/billfold
MAX_MB  := 60
# The generator's version is the library's: what it writes calls what we import.
TEMPL   := github.com/a-h/templ/cmd/templ@v0.3.977
# Tests wait for disks, databases and a browser for half of their time, so half as many packages again run at once as there are cores. What
# takes longest begins first, so that no core is idle at the end.
AT_ONCE := $(shell expr '(' 3 '*' "$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" + 1 ')' / 2)
LONGEST := ./test/browser ./test/disk ./app/sim ./test/outage ./cmd/billfold ./app ./core/payment ./product/purse ./edge/api
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help run build test long race generate screenshots prepare

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start a sandbox with demo data on http://localhost:8080
	$(GO) run ./cmd/billfold dev

build: ## build bin/billfold: no C, no paths of this machine, under 60 MB
	$(GO) build -trimpath -ldflags '-s -w' -o $(BINARY) ./cmd/billfold
	@size=$$(wc -c < $(BINARY)); echo "$(BINARY): $$((size / 1000000)) MB"; \
	if [ $$size -ge $$(($(MAX_MB) * 1000000)) ]; then echo "$(BINARY) is over $(MAX_MB) MB" >&2; exit 1; fi

test: prepare ## check everything: form, house rules, both engines, the browser; installs what it needs
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt these:" $$unformatted >&2; exit 1; fi
	$(GO) test -vet all -timeout 15m -p $(AT_ONCE) $(LONGEST) ./...
	@$(MAKE) --no-print-directory build

long: ## what takes longer: the race detector, fuzzing, more crash points and seeds
	@sh test/prepare.sh long
	CGO_ENABLED=1 $(GO) test -race -timeout 4h ./...
	BILLFOLD_LONG=1 $(GO) test -timeout 12h ./...
	sh test/fuzz.sh 60s

race: prepare ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 4h ./...

generate: ## write again what is generated: the templates' Go code and docs/errors.md
	$(GO) run $(TEMPL) generate -path edge/web
	$(GO) test ./test/docs -run TestErrors -update

screenshots: prepare ## take the pictures in docs/pictures, in both languages, light and dark
	BILLFOLD_PICTURES=$(CURDIR)/docs/pictures $(GO) test -count 1 -timeout 10m ./test/browser -run TestPictures

prepare:
	@sh test/prepare.sh
