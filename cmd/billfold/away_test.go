package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"billfold/base/db"
	"billfold/client"
	"billfold/test/harness"
)

// road is the way from the program to PostgreSQL. It can be cut and mended.
type road struct {
	mu    sync.Mutex
	open  map[net.Conn]bool
	cut   bool
	place string // the folder of our end, as a DSN's host
}

// build makes a road to the server of a DSN, and returns the DSN that leads over it.
func build(t *testing.T, dsn string) (*road, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	const socket = ".s.PGSQL.5432"
	there := filepath.Join(q.Get("host"), socket)
	r := &road{open: map[net.Conn]bool{}, place: t.TempDir()}
	q.Set("host", r.place)
	u.RawQuery = q.Encode()
	ln, err := net.Listen("unix", filepath.Join(r.place, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			here, err := ln.Accept()
			if err != nil {
				return
			}
			go r.carry(here, there)
		}
	}()
	return r, u.String()
}

// carry takes one connection over the road.
func (r *road) carry(here net.Conn, to string) {
	defer here.Close()
	there, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer there.Close()
	r.mu.Lock()
	if r.cut {
		r.mu.Unlock()
		return
	}
	r.open[here] = true
	r.mu.Unlock()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{here, there}, {there, here}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			here.Close()
			there.Close()
		})
	}
	both.Wait()
}

// set cuts the road, with everything that is on it, or mends it.
func (r *road) set(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	for conn := range r.open {
		conn.Close()
		delete(r.open, conn)
	}
}

// TestDatabaseAway shows that a PostgreSQL which does not answer is named at start, without its password, and by verify.
func TestDatabaseAway(t *testing.T) {
	dir := t.TempDir()
	env := []string{"BILLFOLD_DB=postgres://me:hush@127.0.0.1:1/billfold"}
	refused(t, env, 1, "PostgreSQL at 127.0.0.1:1 cannot be reached", "dev", "--data", dir, "--addr", "127.0.0.1:0")
	refused(t, env, 1, "PostgreSQL at 127.0.0.1:1 cannot be reached", "migrate", "--data", dir)
	refused(t, env, 2, "PostgreSQL at 127.0.0.1:1 cannot be reached", "verify", "--data", dir)
}

// outcomes is what callers learned while the database came and went.
type outcomes struct {
	mu       sync.Mutex
	paid     []string
	unknown  map[string]string // idempotency key → link
	refusals int
}

// has asks a question about the outcomes so far.
func (o *outcomes) has(yes func() bool) func() bool {
	return func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return yes()
	}
}

var oneCent = client.CreatePayment{Amount: client.Money{Amount: "1", Currency: "EUR"}, Payee: "@cafe_linden", Confirm: true}

// pay has one caller pay until told to stop, and sorts what they hear.
func (o *outcomes) pay(ctx context.Context, t *testing.T, payer *client.Client, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		key := client.NewKey()
		p, err := payer.CreatePayment(ctx, oneCent, client.IdempotencyKey(key))
		if !o.sort(t, key, p, err) {
			return
		}
	}
}

func (o *outcomes) sort(t *testing.T, key string, p client.Payment, err error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	var no *client.Problem
	switch {
	case err == nil:
		o.paid = append(o.paid, p.ID)
	case !errors.As(err, &no):
		t.Errorf("the server itself broke: %v", err)
		return false
	case no.MoneyMoved == "unknown":
		if no.Link == "" {
			t.Errorf("unknown, and no link: %v", no)
		}
		o.unknown[key] = no.Link
	case no.Status != http.StatusServiceUnavailable:
		t.Errorf("a database that is away gives %d %v", no.Status, no)
	default:
		o.refusals++
	}
	return true
}

// TestDatabaseGoesAway cuts PostgreSQL off in the middle of payments: they are refused as unavailable, or told as unknown with the
// link that answers them; the server lives and says that it is not ready; and when the database is back it goes on by itself.
// Every payment that was acknowledged is there, and every unknown one is answered by its link.
func TestDatabaseGoesAway(t *testing.T) {
	ctx := context.Background()
	way, dsn := build(t, harness.Place(t, db.Postgres).DSN)
	at := place{dir: t.TempDir(), env: []string{"BILLFOLD_DB=" + dsn}}
	at.dev(t).ready()
	base := at.secrets(t)["BILLFOLD_URL"]
	payer := alone(at.as(t, "BILLFOLD_PAYER_KEY"))
	o := &outcomes{unknown: map[string]string{}}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() { o.pay(ctx, t, payer, stop) })
	}
	until(t, "payments are made", o.has(func() bool { return len(o.paid) > 30 }))
	way.set(true)
	until(t, "payments are refused", o.has(func() bool { return o.refusals > 0 }))
	until(t, "it says that it is not ready", func() bool { return get(base+"/readyz") == http.StatusServiceUnavailable })
	if get(base+"/healthz") != http.StatusOK {
		t.Error("it says that it does not live")
	}
	if s := get(base + "/"); s == 0 {
		t.Error("a page is not answered at all")
	}
	way.set(false)
	until(t, "it is ready again", func() bool { return get(base+"/readyz") == http.StatusOK })
	before := 0
	o.has(func() bool { before = len(o.paid); return true })()
	until(t, "payments are made again", o.has(func() bool { return len(o.paid) > before+10 }))
	close(stop)
	all.Wait()
	o.check(ctx, t, at, payer)
}

// check holds what callers learned against what is there.
func (o *outcomes) check(ctx context.Context, t *testing.T, at place, payer *client.Client) {
	shop := at.as(t, "BILLFOLD_KEY")
	for _, id := range o.paid {
		if p, err := shop.Payment(ctx, id, nil); err != nil || p.State != "completed" {
			t.Errorf("payment %s was acknowledged and is %q, %v", id, p.State, err)
		}
	}
	for key, link := range o.unknown {
		id := filepath.Base(link)
		there, err := payer.Payment(ctx, id, nil)
		again, second := payer.CreatePayment(ctx, oneCent, client.IdempotencyKey(key))
		if second != nil {
			t.Errorf("the same request again: %v", second)
		} else if (err == nil) != (again.ID == id) {
			t.Errorf("unknown payment %s is %q (%v), and its key gives %s", id, there.State, err, again.ID)
		}
	}
	until(t, "both sides are told", func() bool { return told(ctx, t, shop, o.paid) })
	if code, out, complaint := billfold(t, at.env, "verify", "--data", at.dir); code != 0 {
		t.Errorf("verify ended with %d\n%s%s", code, out, complaint)
	}
	t.Logf("%d paid, %d refused, %d unknown", len(o.paid), o.refusals, len(o.unknown))
}
