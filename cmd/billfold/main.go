// Command billfold is Billfold: one program that starts a sandbox, serves real use, and looks after its database.
//
// Exit codes: 0 done, 1 it could not be done (or verify found something), 2 the command was not understood (or verify could
// not look). What a person asked for goes to standard output, the log and every refusal to standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"billfold/app"
	"billfold/base/fault"
	"billfold/base/lang"
)

// Exit codes.
const (
	done          = 0
	failed        = 1
	misunderstood = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	// The first signal ends the context; from then on the next one ends the process, as if nobody listened.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], terminal{out: os.Stdout, err: os.Stderr, env: os.LookupEnv}))
}

// terminal is what a command reads its surroundings from and writes to.
type terminal struct {
	out, err io.Writer
	env      func(string) (string, bool)
}

// run does one command and returns the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	if len(args) == 0 {
		fmt.Fprint(t.out, overview())
		return done
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-v", "-version", "--version":
		name = "version"
	}
	if name == "help" {
		return help(ctx, rest, t)
	}
	c, ok := find(name)
	if !ok {
		return t.refuse(&app.UsageError{Text: unknown(name)}, misunderstood)
	}
	if c.own != nil {
		return c.own(ctx, rest, t.out, t.err)
	}
	if c.with != nil {
		return c.with(ctx, rest, t)
	}
	config, err := c.parse(rest, t)
	if errors.Is(err, errHelp) {
		fmt.Fprint(t.out, c.help())
		return done
	}
	if err != nil {
		return t.refuse(err, misunderstood)
	}
	return c.run(ctx, config, t)
}

func unknown(name string) string {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	return fmt.Sprintf("there is no command %q%s (billfold help lists them)", name, app.Nearest(name, names))
}

// help prints the overview, or what there is to know about a command.
func help(ctx context.Context, args []string, t terminal) int {
	if len(args) == 0 {
		fmt.Fprint(t.out, overview())
		return done
	}
	c, ok := find(args[0])
	if !ok {
		return t.refuse(&app.UsageError{Text: unknown(args[0])}, misunderstood)
	}
	if c.own != nil {
		return c.own(ctx, []string{"--help"}, t.out, t.err)
	}
	fmt.Fprint(t.out, c.help())
	return done
}

// refuse says in one line what stands in the way and what to do about it.
func (t terminal) refuse(err error, code int) int {
	var wrong *app.UsageError
	if errors.As(err, &wrong) {
		fmt.Fprintln(t.err, "billfold: "+wrong.Text)
		return misunderstood
	}
	if f, ok := fault.As(err); ok && !errors.Is(f, fault.ErrInternal) {
		tag := t.lang()
		fmt.Fprintf(t.err, "billfold: %s. %s\n", f.Title.In(tag), f.Detail.In(tag))
		return code
	}
	fmt.Fprintln(t.err, "billfold:", err)
	return code
}

// lang is the language of the terminal (POSIX locale variables, the first that is set).
func (t terminal) lang() lang.Tag {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value, ok := t.env(name); ok && value != "" {
			if strings.HasPrefix(value, "zh") {
				return lang.ZH
			}
			return lang.EN
		}
	}
	return lang.EN
}
