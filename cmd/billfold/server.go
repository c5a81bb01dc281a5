package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"billfold/app"
)

// stopLimit bounds a whole stop: finishing what was accepted, then telling, then ending jobs.
const stopLimit = app.StopLimit + 10*time.Second

var dev = command{
	name:  "dev",
	short: "start a sandbox with demo data, for trying things out",
	about: `Starts on an embedded database in one folder, with nothing to install: a few people, two shops and 90 days of
payments, made by the program itself. Nobody needs a password; money and cards are play money. Test keys and
the address are written to dev.env in the folder. The clock can be moved forward, never back.

With --tls it speaks HTTPS with a certificate that it signs itself, for this machine's names and private addresses, and
tells how phones come to trust it. Whoever reaches the address can come in and play.

What is in the folder stays: the next start goes on from there. Delete the folder to begin anew.`,
	settings: []string{"data", "addr", "db", "empty", "seed", "tls", "currencies", "zone", "public-url", "tls-cert", "tls-key", "keyring",
		"master-key",
		"accept-history", "db-conns", "mail-server", "mail-tls", "mail-user", "mail-password", "mail-from", "breached", "log-level",
		"log-format"},
	examples: []string{
		"billfold dev                                   http://localhost:8080, data in ./billfold-data",
		"billfold dev --addr localhost:9000 --empty     another port, nobody in it",
		"billfold dev --tls --addr :8443                for phones in the same network, whoever is in it",
		"billfold dev --db postgres://me@/billfold      on PostgreSQL; keys and dev.env stay in --data",
	},
	run: func(ctx context.Context, c app.Config, t terminal) int {
		c.Mode = app.Sandbox
		return host(ctx, c, t, slog.LevelWarn, welcome)
	},
}

var serve = command{
	name:  "serve",
	short: "serve real use",
	about: `The same program without demo, test keys or one-click sign-in. It speaks TLS with the certificate it is given,
reads it again when the file changes, and speaks plain HTTP on loopback only, for a proxy on the same machine.
An older database is brought up to date first. While nobody is an operator, it prints a link that makes the
person who opens it one; it works once, for half an hour.

SIGTERM and SIGINT: nothing more is accepted, what was accepted is finished, then it stops (20 s at most).`,
	settings: []string{"data", "addr", "public-url", "tls-cert", "tls-key", "db", "db-conns", "keyring", "keys", "master-key", "no-migrate",
		"trust-proxy", "max-connections", "max-requests", "max-wait", "rate", "rate-guests", "accept-history", "currencies", "zone", "breached",
		"mail-server", "mail-tls", "mail-user", "mail-password", "mail-from", "log-level", "log-format"},
	examples: []string{
		"billfold serve --addr :443 --public-url https://pay.example.org --tls-cert chain.pem --tls-key key.pem",
		"billfold serve --config /etc/billfold.conf",
	},
	run: func(ctx context.Context, c app.Config, t terminal) int {
		c.Mode = app.Live
		return host(ctx, c, t, slog.LevelInfo, announce)
	},
}

// host runs a server from its first look at the configuration to its last goodbye.
func host(ctx context.Context, c app.Config, t terminal, level slog.Level, greet func(context.Context, *app.App, terminal) error) int {
	if err := logTo(t, &c, level); err != nil {
		return t.refuse(err, misunderstood)
	}
	if c.Addr == "" {
		c.Addr = "localhost:8080"
	}
	ln, err := app.Listen(ctx, c.Addr)
	if err != nil {
		return t.refuse(err, failed)
	}
	defer ln.Close()
	kept, ok := ln.(*net.TCPListener)
	if !ok {
		panic("a listener that is no TCP listener")
	}
	for {
		code, next := round(ctx, c, app.Kept{TCPListener: kept}, t, greet)
		if next == nil || code != done || ctx.Err() != nil {
			return code
		}
		c.Successor = next
	}
}

// round is the life of one App. It returns who goes on where the sandbox is to begin anew: callers wait at the port meanwhile.
func round(ctx context.Context, c app.Config, port app.Kept, t terminal, greet func(context.Context, *app.App, terminal) error) (code int,
	next *app.Successor) {
	a, err := app.Open(ctx, c, port)
	if err != nil {
		return t.refuse(err, failed), nil
	}
	ln, err := port.Lend()
	if err != nil {
		return t.refuse(errors.Join(err, a.Close(ctx)), failed), nil
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	serve := func() { served <- a.Serve(serving, ln) }
	if c.Successor == nil { // else it is made quickly, and whoever waits at the port is not told to come back
		go serve()
	}
	if err := begin(ctx, a, t, greet); err != nil && ctx.Err() == nil {
		code = t.refuse(err, failed)
		stop()
	}
	if c.Successor != nil {
		go serve()
	}
	select {
	case err = <-served:
	case <-ctx.Done():
		fmt.Fprintln(t.err, "billfold: stopping; finishing what was accepted (again to stop at once)")
		err = <-served
	}
	if err != nil {
		code = t.refuse(err, failed)
	}
	select {
	case next = <-a.Anew():
		fmt.Fprintln(t.err, "billfold: the demo data is put aside, as an operator asked; beginning anew")
	default:
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := a.Close(limit); err != nil {
		code = t.refuse(err, failed)
	}
	return code, next
}

// begin makes a listening server a working one, and says so.
func begin(ctx context.Context, a *app.App, t terminal, greet func(context.Context, *app.App, terminal) error) error {
	if err := a.Seed(ctx); err != nil {
		return fmt.Errorf("the demo data is not whole; start again to go on: %w", err)
	}
	a.Start()
	if gone := a.DB.History(); gone != nil {
		t.refuse(gone, failed) // and serves what can be read
		return nil
	}
	return greet(ctx, a, t)
}
