package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"billfold/client"
	"billfold/test/harness"
)

// TestFullDisk fills the disk under a running server: payments are refused by name and nothing moved, what is there can still be
// read, and as soon as there is room again the server goes on by itself. The books verify.
func TestFullDisk(t *testing.T) {
	harness.SmallDisk(t, 64<<20, func(t *testing.T, disk *harness.Disk) {
		ctx := context.Background()
		at := place{dir: disk.Dir}
		server := at.dev(t).ready()
		base := at.secrets(t)["BILLFOLD_URL"]
		payer := alone(at.as(t, "BILLFOLD_PAYER_KEY"))
		terms := client.CreatePayment{Amount: client.Money{Amount: "1", Currency: "EUR"}, Payee: "@cafe_linden", Confirm: true}
		var paid []string
		try := func() *client.Problem {
			p, err := payer.CreatePayment(ctx, terms)
			var no *client.Problem
			if err == nil {
				paid = append(paid, p.ID)
				return nil
			}
			if !errors.As(err, &no) {
				t.Fatalf("the server itself broke: %v", err)
			}
			return no
		}
		if no := try(); no != nil {
			t.Fatal(no)
		}
		_ = server.cmd.Process.Signal(unix.SIGSTOP) // or it writes while we count what is left
		disk.Fill(64 << 10)
		_ = server.cmd.Process.Signal(unix.SIGCONT)
		var last *client.Problem
		until(t, "a payment is refused for want of room", func() bool { last = try(); return last != nil })
		if last.Code != "storage_full" || last.Status != http.StatusServiceUnavailable || last.MoneyMoved != "no" {
			t.Errorf("refused with %d %s, money moved: %s", last.Status, last.Code, last.MoneyMoved)
		}
		if _, err := payer.Payment(ctx, paid[0], nil); err != nil {
			t.Errorf("what is there cannot be read: %v", err)
		}
		if s := get(base + "/healthz"); s != http.StatusOK {
			t.Errorf("/healthz answers %d", s)
		}
		disk.Free()
		before := len(paid)
		until(t, "payments are made again", func() bool { try(); return len(paid) > before })
		shop := at.as(t, "BILLFOLD_KEY")
		for _, id := range paid {
			if p, err := shop.Payment(ctx, id, nil); err != nil || p.State != "completed" {
				t.Errorf("payment %s was acknowledged and is %q, %v", id, p.State, err)
			}
		}
		until(t, "both sides are told", func() bool { return told(ctx, t, shop, paid) })
		if code, out, complaint := billfold(t, nil, "verify", "--data", at.dir); code != 0 {
			t.Errorf("verify ended with %d\n%s%s", code, out, complaint)
		}
	})
}

// TestNoRoomToStart shows that a disk which is full at start is named, and that the start succeeds once there is room.
func TestNoRoomToStart(t *testing.T) {
	harness.SmallDisk(t, 64<<20, func(t *testing.T, disk *harness.Disk) {
		disk.Fill(64 << 10)
		code, _, complaint := billfold(t, nil, "dev", "--data", disk.Dir, "--addr", "127.0.0.1:0")
		if code != 1 || !strings.Contains(complaint, "free disk space") {
			t.Errorf("exit %d: %s", code, complaint)
		}
		disk.Free()
		place{dir: disk.Dir}.dev(t).ready()
	})
}
