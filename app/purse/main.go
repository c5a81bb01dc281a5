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
	issuer "billfold/product/purse"
)

// Usage is what `billfold purse` says when it is called without a command.
const Usage = `An offline purse in a folder: two terminals pay each other with no server running.

  billfold purse new FOLDER --data D --owner usr_…     enrol a purse with the installation in D (its server stopped)
        --role holder|acceptor|"load agent"|collector  what it may be (holder)
        --class 0..3  --name "Café Anna"  --currency EUR,USD  --float 100.00
  billfold purse show FOLDER                           what is in it
  billfold purse load FOLDER 20.00 --data D            from its owner's account
  billfold purse unload FOLDER 5.00 --data D           back to it
  billfold purse take FOLDER 4.20 --listen :7070       be paid; prints the address
  billfold purse pay FOLDER --to HOST:7070             pay; asks, unless --yes --most 5.00
        --resume                                       the last payment got stuck: send it again
  billfold purse cancel FOLDER --listen :7070          have the last purchase given back: the till pays it
        --give-up                                      or give an interrupted transfer up; the next sync refunds it
  billfold purse lock FOLDER, unlock FOLDER            the code is read from the terminal
  billfold purse log FOLDER                            the last ten payments
  billfold purse batch FOLDER                          a till closes its batch
  billfold purse sync FOLDER --data D                  tell the issuer everything; a till is collected
        --out FILE                                     write a file for somebody to carry
  billfold purse collect FILE --data D [--by FOLDER]   take a till's file, carried by a collector

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

	data, owner, role, name, currency, float, to, listen, most, file, by string
	class                                                                int
	text, yes, resume, giveUp                                            bool
	args                                                                 []string
}

// Main runs `billfold purse …` and returns the exit status: 0, 1 when it was refused or failed, 2 when it was not understood.
func Main(ctx context.Context, args []string, in io.Reader, out, diag io.Writer) int {
	c := &cli{in: in, out: out, diag: diag, clock: clock.System(), open: openIssuer}
	return c.run(ctx, args)
}

var commands = map[string]struct {
	run  func(*cli, context.Context) error
	args int
}{
	"new": {(*cli).newPurse, 1}, "show": {(*cli).show, 1}, "load": {(*cli).load, 2}, "unload": {(*cli).unload, 2},
	"take": {(*cli).take, 2}, "pay": {(*cli).pay, 1}, "cancel": {(*cli).cancel, 1}, "lock": {(*cli).lockPurse, 1},
	"unlock": {(*cli).unlockPurse, 1}, "log": {(*cli).history, 1}, "batch": {(*cli).batch, 1}, "sync": {(*cli).sync, 1},
	"collect": {(*cli).collect, 1},
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
	if err := c.parse(args[0], args[1:]); err != nil || len(c.args) != command.args {
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
	return err.Error()
}

// parse reads flags and words in any order.
func (c *cli) parse(name string, args []string) error {
	f := flag.NewFlagSet("purse "+name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	for flag, into := range map[string]*string{"data": &c.data, "owner": &c.owner, "role": &c.role, "name": &c.name, "currency": &c.currency,
		"float": &c.float, "to": &c.to, "listen": &c.listen, "most": &c.most, "out": &c.file, "by": &c.by} {
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

// issuer opens the installation that --data names.
func (c *cli) issuer(ctx context.Context) (*issuer.Issuer, func() error, error) {
	if c.data == "" {
		return nil, nil, errors.New("give --data, the data folder of the installation that issues the purse")
	}
	return c.open(ctx, c.data)
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
