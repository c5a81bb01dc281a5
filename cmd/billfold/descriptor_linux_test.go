package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"billfold/client"
)

// TestNoFileDescriptors takes a running server's file descriptors away: whoever is answered is answered by name, what was confirmed is
// there, and as soon as there are descriptors again the server goes on by itself. The books verify.
func TestNoFileDescriptors(t *testing.T) {
	ctx := context.Background()
	at := place{dir: t.TempDir()}
	server := at.dev(t).ready()
	base := at.secrets(t)["BILLFOLD_URL"]
	payer := alone(at.as(t, "BILLFOLD_PAYER_KEY"))
	terms := client.CreatePayment{Amount: client.Money{Amount: "1", Currency: "EUR"}, Payee: "@cafe_linden", Confirm: true}
	var mu sync.Mutex
	var paid []string
	refusals := map[string]int{}
	unreached := 0
	try := func() {
		call, cancel := context.WithTimeout(ctx, 2*time.Second) // nobody takes a connection while there are no descriptors
		defer cancel()
		p, err := payer.CreatePayment(call, terms)
		mu.Lock()
		defer mu.Unlock()
		var no *client.Problem
		switch {
		case err == nil:
			paid = append(paid, p.ID)
		case errors.As(err, &no):
			if no.Status != http.StatusServiceUnavailable || no.MoneyMoved != "no" {
				t.Errorf("refused with %d %s, money moved: %s", no.Status, no.Code, no.MoneyMoved)
			}
			refusals[no.Code]++
		default:
			unreached++ // its connection was not taken, or not in time
		}
	}
	try() // opens a connection that stays
	if len(paid) != 1 {
		t.Fatal("no payment before it began")
	}
	limit := descriptors(t, server.cmd.Process.Pid, 1)
	var all sync.WaitGroup
	for range 4 { // on the connection that is there, one after the other, and on new ones
		all.Go(func() {
			for range 2 {
				try()
				if !reached(ctx, base) {
					mu.Lock()
					unreached++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	if unreached == 0 && len(refusals) == 0 {
		t.Error("nobody noticed that there were no descriptors")
	}
	t.Logf("without descriptors %d were paid, %v refused, %d not reached", len(paid)-1, refusals, unreached)
	descriptors(t, server.cmd.Process.Pid, limit)
	before := len(paid)
	until(t, "payments are made again", func() bool { try(); return len(paid) > before })
	until(t, "new connections are taken again", func() bool { return get(base+"/readyz") == http.StatusOK })
	shop := at.as(t, "BILLFOLD_KEY")
	for _, id := range paid {
		if p, err := shop.Payment(ctx, id, nil); err != nil || p.State != "completed" {
			t.Errorf("payment %s was acknowledged and is %q, %v", id, p.State, err)
		}
	}
	if code, out, complaint := billfold(t, nil, "verify", "--data", at.dir); code != 0 {
		t.Errorf("verify ended with %d\n%s%s", code, out, complaint)
	}
}

// reached tells whether a server takes a new connection within a second.
func reached(ctx context.Context, base string) bool {
	call, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(call, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return false
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}

// descriptors lets a process open files with numbers below most, and says how many it might have before. What is open stays open.
func descriptors(t *testing.T, pid int, most uint64) (before uint64) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: min(most, old.Max), Max: old.Max}, nil); err != nil {
		t.Fatal(err)
	}
	return old.Cur
}
