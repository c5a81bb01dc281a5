package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"billfold/base/db"
)

// TestBenchLedger runs the bench of the ledger over one database, in the process and over HTTP, and shows that what it
// counts is in the books, that the books are right, and that it touches no database but its own.
func TestBenchLedger(t *testing.T) {
	on(t, func(t *testing.T, at place) {
		args := []string{"bench", "ledger", "--data", at.dir, "--accounts", "50", "--in-flight", "8", "--batch", "3",
			"--duration", "1s", "--json"}
		for _, v := range at.env {
			if dsn, ok := strings.CutPrefix(v, "BILLFOLD_DB="); ok {
				args = append(args, "--engine", "postgres", "--db", dsn)
			}
		}
		counted := 0
		for _, more := range [][]string{{"--entries", "500"}, {"--hot", "--history", "--pgbench=false"}, {"--http", "--pgbench=false"}} {
			code, out, complaint := billfold(t, nil, append(args, more...)...)
			var r struct {
				Transfers int     `json:"transfers"`
				Rate      float64 `json:"transfers_per_second"`
				P99       float64 `json:"p99_ms"`
				Bytes     float64 `json:"bytes_per_transfer"`
				Fsyncs    int64   `json:"fsyncs"`
				Verified  bool    `json:"verified"`
				First     float64 `json:"first_half_per_second"`
				Second    float64 `json:"second_half_per_second"`
				Pgbench   float64 `json:"pgbench"`
				History   int64   `json:"history_entries"`
				Page      float64 `json:"page_p99_ms"`
				At        float64 `json:"balance_at_p99_ms"`
			}
			if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil {
				t.Fatalf("%v: exit %d, %v\n%s%s", more, code, err, out, complaint)
			}
			if r.Transfers == 0 || r.Transfers%3 != 0 || r.Rate <= 0 || r.P99 <= 0 || r.Fsyncs == 0 || !r.Verified {
				t.Errorf("%v: %s", more, out)
			}
			if r.First <= 0 || r.Second <= 0 || len(more) == 3 && (r.History == 0 || r.Page <= 0 || r.At <= 0) {
				t.Errorf("%v: halves or history are missing: %s", more, out)
			}
			if _, none := exec.LookPath("pgbench"); (r.Pgbench > 0) != (none == nil && args[len(args)-2] == "--db" && len(more) == 2 &&
				more[0] == "--entries") {
				t.Errorf("%v: pgbench: %s\n%s", more, out, complaint)
			}
			counted += r.Transfers
		}
		d := at.open(t)
		defer d.Close()
		var entries int
		err := d.Read(context.Background(), func(tx *db.Tx) error {
			return tx.Row(`select count(*) from ledger_entry e join ledger_kind k on k.code = e.kind where k.name = 'transfer'`).Scan(&entries)
		})
		if err != nil || entries < counted+500 {
			t.Errorf("%d transfers are there, %v; counted were %d", entries, err, counted)
		}
	})
	if code, _, complaint := billfold(t, nil, "bench", "ledger", "--accounts", "1"); code != 2 || !strings.Contains(complaint, "--accounts") {
		t.Errorf("one account: exit %d, %q", code, complaint)
	}
}
