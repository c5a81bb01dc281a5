package purse

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/money"
	"billfold/client"
	issuer "billfold/product/purse"
	"billfold/product/purse/step"
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
  billfold purse lock FOLDER                           the code is read from the terminal
  billfold purse unlock FOLDER                         the same
        --forgotten --url U                            the code is lost, or was wrong three times: the issuer opens it
  billfold purse log FOLDER                            the last ten payments
  billfold purse batch FOLDER                          a till closes its batch
  billfold purse sync FOLDER --url U                   tell the issuer everything; a till is collected
        --out FILE                                     write a file for somebody to carry
  billfold purse collect FILE --url U [--by FOLDER]    take a till's file, carried by a collector
  billfold purse lost PURSE --url U                    the device is gone: what it holds is refunded when its time is over
  billfold purse cases --url U                         forks and other cases, for the operator
  billfold purse settle CASE --outcome holder|house|nobody --reason "…" --url U
  billfold purse block PURSE --reason "…" --url U      out of service
  billfold purse restore PURSE --reason "…" --url U    and back, from its next sync on

The issuer is a running server (--url, or BILLFOLD_URL, with an API key of the owner in BILLFOLD_KEY) or, while the server is
stopped, an installation's data folder (--data).

pay, take and cancel take --text instead of an address: then each side prints lines to be read or typed into the other, and
each fits a QR code.
`

// cli is one call of the command.
type cli struct {
	in    io.Reader
	lines *lines
	out   io.Writer
	diag  io.Writer
	clock clock.Clock

	command string
	open    func(ctx context.Context, data string) (*issuer.Issuer, func() error, error)
	env     func(string) (string, bool)

	data, url, owner, role, name, currency, float, to, listen, most, file, by, outcome, reason string
	class                                                                                      int
	text, yes, resume, giveUp, forgotten                                                       bool
	args                                                                                       []string

	patience time.Duration // for the other side of a connection
	opened   *purse        // what the command is about
	before   step.State    // as it was found
}

// patience is how long the other side of a connection may say nothing: long enough for somebody to read what they are asked to agree to.
const patience = 5 * time.Minute

// Main runs `billfold purse …` and returns the exit status: 0, 1 when it was refused or failed, 2 when it was not understood. env looks
// up BILLFOLD_URL and BILLFOLD_KEY.
func Main(ctx context.Context, args []string, env func(string) (string, bool), in io.Reader, out, diag io.Writer) int {
	c := &cli{in: in, out: out, diag: diag, clock: clock.System(), open: openIssuer, env: env, patience: patience}
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
	"restore": {(*cli).restore, 1}, "lost": {(*cli).lost, 1},
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
		err = fmt.Errorf("words after it: %d, not %d", len(c.args), command.args)
	}
	if err != nil {
		fmt.Fprintf(c.diag, "billfold purse %s: not understood (%v); it is called: %s\n", args[0], err, usageOf(args[0]))
		return 2
	}
	c.command = args[0]
	if err := command.run(c, ctx); err != nil {
		fmt.Fprintf(c.diag, "billfold purse: %s%s\n", plain(c.command, err), c.fate(c.command))
		return 1
	}
	return 0
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
	f.BoolVar(&c.forgotten, "forgotten", false, "")
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
func (c *cli) purse() (*purse, error) {
	p, err := open(c.args[0], c.clock)
	if err == nil {
		c.opened, c.before = p, p.State()
	}
	return p, err
}

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
		return &wire{in: c.typedLines(ctx), out: c.out, close: func() error { return nil }}, nil
	case c.to != "":
		return connect(ctx, c.to, c.patience)
	case c.listen != "":
		return wait(ctx, c.listen, c.patience, func(at net.Addr) { fmt.Fprintln(c.out, "waiting on", at) })
	}
	return nil, errors.New("give --to HOST:PORT, --listen HOST:PORT or --text")
}

// agree asks the person, or the flags, about a payment. Over text the answer is a line between the frames.
func (c *cli) agree(ctx context.Context) func(offer) bool {
	return func(o offer) bool {
		if t := c.opened.State().Open; t != nil && !o.again {
			fmt.Fprintf(c.diag, "A %s of %s is still open. This is another one, and gives that up; `pay --resume` would end it.\n", t.Purpose,
				c.opened.amountOf(*t))
		}
		if c.yes && c.most != "" {
			most, err := money.ParseDecimal(c.most, o.amount.Currency)
			return err == nil && o.amount.Cmp(most) <= 0
		}
		fmt.Fprintf(c.diag, "Pay %s to %s? [y/N] ", o.amount, o.payee)
		answer, err := c.typedLines(ctx).next(0)
		return err == nil && strings.EqualFold(strings.TrimSpace(answer), "y")
	}
}

// typedLines are the lines of the terminal.
func (c *cli) typedLines(ctx context.Context) *lines {
	if c.lines == nil {
		c.lines = readLines(ctx, c.in)
	}
	return c.lines
}
