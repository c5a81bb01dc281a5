package bench

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/ledger"
)

// historyReads is how many pages and how many balances of the past are read.
const historyReads = 500

// historyResult says how long it takes to look back in the account with the longest history.
type historyResult struct {
	Entries int64   `json:"history_entries"`
	PageP50 float64 `json:"page_p50_ms"` // of 50 entries, newest first, one page after another
	PageP99 float64 `json:"page_p99_ms"`
	PageMax float64 `json:"page_max_ms"`
	AtP50   float64 `json:"balance_at_p50_ms"` // at a random moment of the account's life
	AtP99   float64 `json:"balance_at_p99_ms"`
	AtMax   float64 `json:"balance_at_max_ms"`
}

// history reads the first account's history, which with --hot has every transfer.
func (l *transferLoad) history(ctx context.Context) (h historyResult, err error) {
	a, err := db.Read(ctx, l.DB, func(tx *db.Tx) (ledger.Account, error) { return l.Ledger.Account(tx, l.ids[0]) })
	if err != nil {
		return h, err
	}
	h.Entries = a.Entries
	var pages, balances latencies
	timed := func(to *latencies, body func(tx *db.Tx) error) error {
		watch := clock.Start()
		err := l.DB.Read(ctx, body)
		*to = append(*to, watch.Elapsed())
		return err
	}
	cursor := ""
	for i := 0; i == 0 || cursor != "" && i < historyReads; i++ {
		err := timed(&pages, func(tx *db.Tx) (err error) {
			_, cursor, err = l.Ledger.Entries(tx, ledger.Filter{Account: a.ID, Before: cursor, Limit: 50})
			return err
		})
		if err != nil {
			return h, err
		}
	}
	r, life := rand.New(rand.NewPCG(0, 3)), a.LastAt.Sub(a.OpenedAt)
	for range historyReads {
		at := a.OpenedAt.Add(time.Duration(r.Int64N(int64(life) + 1)))
		err := timed(&balances, func(tx *db.Tx) error {
			_, err := l.Ledger.BalanceAt(tx, a.ID, at)
			return err
		})
		if err != nil {
			return h, err
		}
	}
	page, balance := percentiles([]latencies{pages}, 50, 99, 100), percentiles([]latencies{balances}, 50, 99, 100)
	h.PageP50, h.PageP99, h.PageMax = page[0], page[1], page[2]
	h.AtP50, h.AtP99, h.AtMax = balance[0], balance[1], balance[2]
	return h, nil
}

// resident is how much memory this process has, in bytes; 0 where the system does not say.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
