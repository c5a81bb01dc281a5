package billfold

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"billfold/test/tidy"
)

// floors is the house from the ground up. A package imports only what stands on a floor below its own; packages of one
// floor do not know each other. A floor may be empty until its issue comes.
var floors = [][]string{
	{"base/lang", "client"},
	{"base/fault"},
	{"base/money", "base/id", "base/clock"},
	{"base/dial", "base/telemetry", "base/gather"},
	{"base/db"},
	{"base/event", "base/once", "base/seal", "base/lease"},
	{"base/job"},
	{"core/ledger"},
	{"core/identity", "core/notice", "core/audit"},
	{"core/rail", "core/merchant", "core/risk", "core/fx", "core/inquiry"},
	{"core/payment"},
	{"product/loyalty", "product/purse", "product/cash", "product/community", "product/finance", "product/contract",
		"product/device", "product/chain", "product/insight"},
	{"edge/reply"},
	{"edge/api", "edge/web", "edge/hook", "edge/gate", "edge/demoshop"},
	{"app"},
	{"app/purse"},
	{"app/bench", "app/sim"},
	{"cmd/billfold"},
}

// An exception lets one file or folder break one rule, and says why.
type exception struct{ rule, path, reason string }

// exceptions is what the house tolerates. One that nothing needs any more is a failure, so the list only shrinks by itself.
var exceptions = []exception{
	{"sizes", "edge/web/static/htmx.js", "vendored as it was published"},
	{"sizes", "edge/web/static/barcode.js", "vendored as it was published"},
	{"output", "base/telemetry/log.go", "where a log goes when nobody says"},
	{"sql", "core/ledger/store_postgres.go", "what only PostgreSQL is told, in arrays: a change for each row is three times as slow"},
	{"http", "core/rail/sandbox.go", "the header and method names of the request it hands to base/dial"},
}

var limits = tidy.Limits{FileLines: 600, FunctionLines: 70, Width: 140}

// columnTypes are the types that schema files may use: both engines keep exactly these values.
var columnTypes = []string{"text", "bigint", "integer", "boolean", "bytea"}

// engineFiles hold what the two engines say differently: settings, counters, locks.
var engineFiles = []string{"base/db/lite.go", "base/db/postgres.go", "base/db/group.go", "base/db/bulk.go",
	"base/db/store.go"}

// bans keep our SQL inside what SQLite, PostgreSQL and the engines that speak its protocol have in common.
var bans = []tidy.Ban{
	{Form: regexp.MustCompile(`(?i)\b(?:big|small)?serial\b|\bgenerated\s+(?:always|by\s+default)\b|\bautoincrement\b|\browid\b|\bnextval\b`),
		Reason: "ids are minted in Go, ordered by time"},
	{Form: regexp.MustCompile(`(?i)\bnow\s*\(|\bcurrent_(?:timestamp|date|time)\b|\binterval\b|\bextract\s*\(|\bdate_trunc\b|\bstrftime\b`),
		Reason: "time comes from the clock, as bigint microseconds"},
	{Form: regexp.MustCompile(`(?i)->>?|@>|<@|#>|\bjson`), Reason: "what is asked for has a column"},
	{Form: regexp.MustCompile(`(?i)\bany\s*\(|\barray\s*\[|\bunnest\b|\[\]`), Reason: "SQLite has no arrays: use db.In"},
	{Form: regexp.MustCompile(`(?i)\bilike\b|\bsimilar\s+to\b|\bglob\b`), Reason: "only one engine has it: lower() both sides"},
	{Form: regexp.MustCompile(`(?i)\bcreate\s+(?:or\s+replace\s+)?(?:trigger|function|procedure|rule|type|domain|view|materialized)\b`),
		Reason: "rules are written in Go"},
	{Form: regexp.MustCompile(`::\s*[a-z]`), Reason: "SQLite has no such cast: use cast(… as …) or convert in Go"},
	{Form: regexp.MustCompile(`(?i)\b(?:sum|avg|total)\s*\(`),
		Reason: "sum(bigint) is numeric on PostgreSQL and overflows on SQLite: add in Go, in 128 bits"},
	{Form: regexp.MustCompile(`(?i)\b(?:greatest|least|ifnull|nvl|iif|group_concat|string_agg|instr|strpos|random)\s*\(`),
		Reason: "only one engine has it"},
	{Form: regexp.MustCompile(`(?i)\bfor\s+(?:no\s+key\s+)?(?:update|share)\b`), Reason: "SQLite has no row locks: append tx.ForUpdate()"},
	{Form: regexp.MustCompile(`(?i)\bpg_|\bpragma\b|\bsqlite_|\binformation_schema\b`), Reason: "only base/db knows which engine it is"},
	{Form: regexp.MustCompile(`(?i)\binsert\s+or\s+|\breplace\s+into\b|\bon\s+constraint\b|\bdistinct\s+on\b|\blateral\b|\busing\s+gi[ns]`),
		Reason: "only one engine has it"},
	{Form: regexp.MustCompile(`\?`), Reason: "placeholders are $1, $2, …"},
}

// calls are the names that few may use.
var calls = []tidy.Call{
	{Rule: "time", Package: "time", Only: []string{"base/clock", "test"}, Names: []string{"Now", "Since", "Until", "After", "Tick", "Sleep"},
		Reason: "only base/clock asks for the time: take a clock.Clock"},
	{Rule: "time", Package: "time", Names: []string{"AfterFunc", "NewTimer", "NewTicker"},
		Only:   []string{"base", "app", "edge", "cmd", "test"},
		Reason: "a domain does not wait: give base/job a task that is due then"},
	{Rule: "time", Package: "time", Names: []string{"Sleep"}, Tests: true,
		Reason: "wait for the condition, not for a while"},
	{Rule: "output", Package: "fmt", Names: []string{"Print", "Printf", "Println"}, Only: []string{"cmd"},
		Reason: "only a command speaks to the terminal: log through the logger you were given"},
	{Rule: "output", Package: "log", Names: []string{"*"}, Reason: "log through the *slog.Logger you were given"},
	{Rule: "output", Package: "os", Names: []string{"Stdout", "Stderr", "Exit"}, Only: []string{"cmd", "test"},
		Reason: "only a command owns the process and its output"},
	{Rule: "loggers", Package: "log/slog", Reason: "the process-wide logger: use the one you were given", Names: []string{
		"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "DebugContext", "InfoContext", "WarnContext", "ErrorContext"}},
	{Rule: "config", Package: "os", Names: []string{"Getenv", "LookupEnv", "Environ"}, Only: []string{"app", "cmd", "test"},
		Reason: "only app knows the configuration"},
	{Rule: "dial", Package: "net/http", Only: []string{"base/dial", "client", "cmd", "test"},
		Names:  []string{"Get", "Post", "PostForm", "Head", "DefaultClient", "Client", "DefaultTransport", "Transport"},
		Reason: "who dials out does it through base/dial, which checks where to"},
	{Rule: "dial", Package: "net", Names: []string{"Dial", "DialTimeout", "Dialer", "DialTCP", "DialUDP"}, Only: []string{"base/dial", "test"},
		Reason: "who dials out does it through base/dial, which checks where to"},
}

// rules are what is checked, each by itself.
var rules = []struct {
	name  string
	check func(t *tidy.Tree) []tidy.Finding
}{
	{"floors", func(t *tidy.Tree) []tidy.Finding { return tidy.Floors(t, floors, []string{"edge", "app", "cmd"}) }},
	{"owners", tidy.Owners},
	{"sql", func(t *tidy.Tree) []tidy.Finding { return tidy.Subset(t, bans, columnTypes, engineFiles) }},
	{"drivers", func(t *tidy.Tree) []tidy.Finding {
		return tidy.OnlyIn(t, "drivers", "only base/db knows a driver",
			[]string{"database/sql", "modernc.org", "zombiezen.com", "github.com/jackc"},
			[]string{"base/db", "test/postgres", "test/harness", "test/disk"})
	}},
	{"http", func(t *tidy.Tree) []tidy.Finding {
		return tidy.OnlyIn(t, "http", "only edge speaks HTTP; who dials out uses base/dial",
			[]string{"net/http"}, []string{"edge", "client", "app", "cmd", "test", "base/dial", "base/telemetry"})
	}},
	{"apart", func(t *tidy.Tree) []tidy.Finding {
		return tidy.Apart(t, "edge/demoshop", "it stands where any shop stands: what it knows of payments it asks of the public API",
			[]string{"client", "base/lang", "base/money", "edge/web/ui", "edge/web/text"})
	}},
	{"calls", func(t *tidy.Tree) []tidy.Finding { return tidy.Calls(t, calls) }},
	{"loggers", tidy.Loggers},
	{"floats", func(t *tidy.Tree) []tidy.Finding {
		return tidy.Floats(t, []string{"base/money", "base/event", "core", "product", "client", "edge/api", "edge/hook"})
	}},
	{"skips", tidy.Skips},
	{"sizes", func(t *tidy.Tree) []tidy.Finding { return tidy.Sizes(t, limits) }},
	{"docs", tidy.Docs},
	{"unfinished", tidy.Unfinished},
	{"pages", tidy.Pages},
	{"words", func(t *tidy.Tree) []tidy.Finding { return tidy.Words(t, "Billfold") }},
	{"generated", tidy.Generated},
	{"dependencies", dependencies},
}

// TestHouse checks every rule on the whole repository.
func TestHouse(t *testing.T) {
	tree, err := tidy.Read(os.DirFS("."), "billfold", nil)
	if err != nil {
		t.Fatal(err)
	}
	needed := make([]bool, len(exceptions))
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, found := range rule.check(tree) {
				i := slices.IndexFunc(exceptions, func(e exception) bool {
					return e.rule == found.Rule && (e.path == found.Path || strings.HasPrefix(found.Path, e.path+"/"))
				})
				if i < 0 {
					t.Error(found)
					continue
				}
				needed[i] = true
			}
		})
	}
	for i, e := range exceptions {
		if !needed[i] {
			t.Errorf("the exception from %q for %s is not needed any more", e.rule, e.path)
		}
	}
}

// dependencies checks that docs/dependencies.md gives every module we import a line.
func dependencies(t *tidy.Tree) []tidy.Finding {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		return []tidy.Finding{{Rule: "dependencies", Path: "go.mod", What: err.Error()}}
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\s*([a-z0-9.-]+\.[a-z]+/\S+) v`).FindAllStringSubmatch(string(mod), -1) {
		modules = append(modules, m[1])
	}
	return tidy.Dependencies(t, modules, "docs/dependencies.md")
}

// TestPlanted shows that the rules of the house bite: each planted file is one breach, and is found.
func TestPlanted(t *testing.T) {
	for _, plant := range []struct{ rule, path, body string }{
		{"floors", "base/money/planted.go", "package money\n\nimport _ \"billfold/edge/api\"\n"},
		{"floors", "core/notice/planted.go", "package notice\n\nimport _ \"billfold/core/identity\"\n"},
		{"floors", "product/purse/planted.go", "package purse\n\nimport _ \"billfold/product/loyalty\"\n"},
		{"floors", "core/payment/qr/planted.go", "package qr\n\nimport _ \"billfold/base/db\"\n"},
		{"floors", "core/ledger/planted.go", "package ledger\n\nimport _ \"billfold/test/harness\"\n"},
		{"floors", "helper/planted.go", "package helper\n"},
		{"owners", "core/payment/store_planted.go", "package payment\n\nconst q = `update ledger_account set frozen = true`\n"},
		{"owners", "core/payment/store_planted.go", "package payment\n\nconst q = `insert ` + `into ledger_leg (id) values ($1)`\n"},
		{"owners", "core/payment/store_planted.go", "package payment\n\nconst q = `select id from ledger_account`\n"},
		{"owners", "core/payment/store_planted.go", "package payment\n\nfunc q(t string) string { return \"delete from \" + t }\n"},
		{"owners", "core/payment/schema/0099_planted.sql", "alter table ledger_account add column mine text;\n"},
		{"owners", "core/payment/schema/0099_planted.sql", "create table payment_x (\n\tid text references ledger_account (id)\n);\n"},
		{"sql", "core/payment/store_planted.go", "package payment\n\nconst q = `select id from payment_row where at < now()`\n"},
		{"sql", "core/payment/store_planted.go", "package payment\n\nconst q = `select id from payment_row where id = any($1)`\n"},
		{"sql", "core/payment/service_planted.go", "package payment\n\nconst q = `select id from payment_row`\n"},
		{"sql", "core/payment/schema/0099_planted.sql", "create table payment_x (\n\tid text primary key,\n\tat timestamptz\n);\n"},
		{"apart", "edge/demoshop/planted.go", "package demoshop\n\nimport _ \"billfold/core/payment\"\n"},
		{"apart", "edge/demoshop/planted.go", "package demoshop\n\nimport _ \"billfold/base/db\"\n"},
		{"drivers", "core/payment/planted.go", "package payment\n\nimport _ \"github.com/jackc/pgx/v5\"\n"},
		{"http", "core/payment/planted.go", "package payment\n\nimport _ \"net/http\"\n"},
		{"time", "core/payment/planted.go", "package payment\n\nimport \"time\"\n\nvar began = time.Now()\n"},
		{"time", "core/payment/planted_test.go", "package payment\n\nimport \"time\"\n\nfunc wait() { time.Sleep(1) }\n"},
		{"output", "core/payment/planted.go", "package payment\n\nimport \"fmt\"\n\nfunc say() { fmt.Println() }\n"},
		{"loggers", "core/payment/planted.go", "package payment\n\nimport \"log/slog\"\n\nvar log = slog.New(nil)\n"},
		{"floats", "core/payment/planted.go", "package payment\n\nvar fee = 0.3\n"},
		{"skips", "core/payment/planted_test.go", "package payment\n\nimport \"testing\"\n\nfunc TestNo(t *testing.T) { t.Skip() }\n"},
		{"sizes", "core/payment/planted.go", "package payment\n" + strings.Repeat("\n", 600) + "var last int\n"},
		{"sizes", "core/payment/planted.go", "package payment\n\nfunc long() {\n" + strings.Repeat("\tlong()\n", 70) + "}\n"},
		{"sizes", "core/payment/planted.go", "package payment\n\n// " + strings.Repeat("wide ", 40) + "\n"},
		{"docs", "core/payment/planted.go", "package payment\n\nfunc Exported() {}\n"},
		{"docs", "product/cash/planted.go", "package cash\n"},
		{"unfinished", "core/payment/planted.go", "package payment\n\n// TO" + "DO: the rest\n"},
		{"pages", "edge/web/planted.templ", "package web\n\ntempl planted() {\n\t<p style=\"color:red\">x</p>\n}\n"},
		{"words", "edge/web/planted.templ", "package web\n\ntempl planted() {\n\t<p>Pay now</p>\n}\n"},
		{"words", "edge/web/planted.templ", "package web\n\ntempl planted() {\n\t<img src=\"/x\" alt=\"A shop\"/>\n}\n"},
		{"generated", "edge/web/planted.templ", "package web\n\ntempl planted() {\n\t<p></p>\n}\n"},
		{"generated", "edge/web/planted_templ.go", "// Code generated by templ - DO NOT EDIT.\n\npackage web\n"},
		{"dependencies", "core/payment/planted.go", "package payment\n\nimport _ \"example.org/planted\"\n"},
	} {
		t.Run(plant.rule+"/"+plant.path, func(t *testing.T) {
			tree, err := tidy.Read(fstest.MapFS{}, "billfold", map[string]string{plant.path: plant.body})
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range rules {
				for _, found := range rule.check(tree) {
					if found.Rule == plant.rule && found.Path == plant.path {
						return
					}
				}
			}
			t.Errorf("nothing found in:\n%s", plant.body)
		})
	}
}
