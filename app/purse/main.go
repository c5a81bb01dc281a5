package purse

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"billfold/base/clock"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
	issuer "billfold/product/purse"
)

// Usage is what `billfold purse` says when it is called without a command.
const Usage = `An offline purse in a folder: two terminals pay each other with no server running.

  billfold purse new FOLDER --url U                    enrol a purse of the key's owner (a shop's: a till)
        --role holder|acceptor  --name "Café Anna"  --currency EUR,USD
  billfold purse new FOLDER --data D --owner usr_…     or whosever, of any class and role
        --role "load agent"|collector --float 100.00  --class 0..3
  billfold purse show FOLDER                           what is in it
  billfold purse load FOLDER 20.00 --url U             from its owner's account
  billfold purse unload FOLDER 5.00 --url U            back to it
        load|unload FOLDER --resume                    the last one was interrupted: finish it
  billfold purse take FOLDER 4.20 --listen :7070       be paid; prints the address
  billfold purse pay FOLDER --to HOST:7070             pay; asks, unless --yes --most 5.00
        --resume                                       the last payment got stuck: send it again
  billfold purse cancel FOLDER --listen :7070          have the last purchase given back: the till pays it
        --give-up                                      or give an interrupted transfer up; the next sync refunds it
  billfold purse lock FOLDER, unlock FOLDER            the code is read from the terminal
  billfold purse log FOLDER                            the last ten payments
  billfold purse batch FOLDER                          a till closes its batch
  billfold purse sync FOLDER --url U                   tell the issuer everything; a till is collected
        --out FILE                                     write a file for somebody to carry
  billfold purse collect FILE --url U [--by FOLDER]    take a till's file, carried by a collector
  billfold purse cases --url U                         forks and other cases, for the operator
  billfold purse settle CASE --outcome holder|house|nobody --reason "…" --url U
  billfold purse block PURSE, restore PURSE --reason "…" --url U

The issuer is a running server (--url, or BILLFOLD_URL, with an API key of the owner in BILLFOLD_KEY) or, while the server is
stopped, an installation's data folder (--data).

pay, take and cancel take --text instead of an address: then each side prints lines to be read or typed into the other, and
each fits a QR code.
`

// cli is one call of the command.
type cli struct {
	in    io.Reader
	lines *bufio.Scanner
	out   io.Writer
	diag  io.Writer
	clock clock.Clock
	open  func(ctx context.Context, data string) (*issuer.Issuer, func() error, error)
	env   func(string) (string, bool)

	data, url, owner, role, name, currency, float, to, listen, most, file, by, outcome, reason string
	class                                                                                      int
	text, yes, resume, giveUp                                                                  bool
	args                                                                                       []string
}

// Main runs `billfold purse …` and returns the exit status: 0, 1 when it was refused or failed, 2 when it was not understood. env looks
// up BILLFOLD_URL and BILLFOLD_KEY.
func Main(ctx context.Context, args []string, env func(string) (string, bool), in io.Reader, out, diag io.Writer) int {
	c := &cli{in: in, out: out, diag: diag, clock: clock.System(), open: openIssuer, env: env}
	return c.run(ctx, args)
}

var commands = map[string]struct {
	run  func(*cli, context.Context) error
	args int
}{
	"new": {(*cli).newPurse, 1}, "show": {(*cli).show, 1}, "load": {(*cli).load, 2}, "unload": {(*cli).unload, 2},
	"take": {(*cli).take, 2}, "pay": {(*cli).pay, 1}, "cancel": {(*cli).cancel, 1}, "lock": {(*cli).lockPurse, 1},
	"unlock": {(*cli).unlockPurse, 1}, "log": {(*cli).history, 1}, "batch": {(*cli).batch, 1}, "sync": {(*cli).sync, 1},
	"collect": {(*cli).collect, 1}, "cases": {(*cli).cases, 0}, "settle": {(*cli).settle, 1}, "block": {(*cli).block, 1},
	"restore": {(*cli).restore, 1},
}

func (c *cli) run(ctx context.Context, args []string) int {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		fmt.Fprint(c.out, Usage)
		return 0
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprintf(c.diag, "billfold purse: there is no command %q; `billfold purse` lists them\n", args[0])
		return 2
	}
	err := c.parse(args[0], args[1:])
	if c.resume && (args[0] == "load" || args[0] == "unload") {
		command.args-- // how much, it knows
	}
	if err == nil && len(c.args) != command.args {
		err = fmt.Errorf("%d words after it, not %d", command.args, len(c.args))
	}
	if err != nil {
		fmt.Fprintf(c.diag, "billfold purse %s: not understood (%v); `billfold purse` shows how it is called\n", args[0], err)
		return 2
	}
	if err := command.run(c, ctx); err != nil {
		fmt.Fprintln(c.diag, "billfold purse:", plain(err))
		return 1
	}
	return 0
}

// plain is an error as a person reads it.
func plain(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Title.EN + ". " + f.Detail.EN + " (" + f.Code + ")"
	}
	var problem *client.Problem
	if errors.As(err, &problem) {
		return problem.Title + ". " + problem.Detail + " (" + problem.Code + ")"
	}
	return err.Error()
}

// parse reads flags and words in any order.
func (c *cli) parse(name string, args []string) error {
	f := flag.NewFlagSet("purse "+name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	for flag, into := range map[string]*string{"data": &c.data, "owner": &c.owner, "role": &c.role, "name": &c.name, "currency": &c.currency,
		"float": &c.float, "to": &c.to, "listen": &c.listen, "most": &c.most, "out": &c.file, "by": &c.by,
		"url": &c.url, "outcome": &c.outcome, "reason": &c.reason} {
		f.StringVar(into, flag, "", "")
	}
	f.IntVar(&c.class, "class", 0, "")
	f.BoolVar(&c.text, "text", false, "")
	f.BoolVar(&c.yes, "yes", false, "")
	f.BoolVar(&c.resume, "resume", false, "")
	f.BoolVar(&c.giveUp, "give-up", false, "")
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return err
		}
		if args = f.Args(); len(args) > 0 {
			c.args, args = append(c.args, args[0]), args[1:]
		}
	}
	return nil
}

// purse opens the folder that the command is about.
func (c *cli) purse() (*purse, error) { return open(c.args[0], c.clock) }

// bank reaches the issuer: the data folder that --data names, or the server of --url.
func (c *cli) bank(ctx context.Context) (bank, error) {
	if c.data != "" {
		s, end, err := c.open(ctx, c.data)
		return folderBank{s, end}, err
	}
	key, _ := c.env("BILLFOLD_KEY")
	if c.url == "" {
		c.url, _ = c.env("BILLFOLD_URL")
	}
	switch {
	case c.url == "":
		return nil, errors.New("give --url (or BILLFOLD_URL), the server that issues the purse; or --data, its folder, while it is stopped")
	case key == "":
		return nil, errors.New("put an API key of the purse's owner into the environment variable BILLFOLD_KEY")
	}
	return server{&client.Client{BaseURL: strings.TrimSuffix(c.url, "/"), Key: key}}, nil
}

// wire is how the two sides of this command reach each other.
func (c *cli) wire(ctx context.Context) (*wire, error) {
	switch {
	case c.text:
		return newWire(c.in, c.out, func() error { return nil }), nil
	case c.to != "":
		return connect(ctx, c.to)
	case c.listen != "":
		return wait(ctx, c.listen, func(at net.Addr) { fmt.Fprintln(c.out, "waiting on", at) })
	}
	return nil, errors.New("give --to HOST:PORT, --listen HOST:PORT or --text")
}

// agree asks the person, or the flags, about a payment. Over text the answer is a line between the frames.
func (c *cli) agree(w *wire) func(offer) bool {
	return func(o offer) bool {
		if c.yes && c.most != "" {
			most, err := money.ParseDecimal(c.most, o.amount.Currency)
			return err == nil && o.amount.Cmp(most) <= 0
		}
		fmt.Fprintf(c.diag, "Pay %s to %s? [y/N] ", o.amount, o.payee)
		lines := w.in
		if !c.text {
			lines = c.scanner()
		}
		return lines.Scan() && strings.EqualFold(strings.TrimSpace(lines.Text()), "y")
	}
}

func (c *cli) scanner() *bufio.Scanner {
	if c.lines == nil {
		c.lines = bufio.NewScanner(c.in)
	}
	return c.lines
}
