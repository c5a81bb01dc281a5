package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"billfold/app"
	"billfold/base/telemetry"
)

// command is one thing the program does.
type command struct {
	name     string
	short    string // for the list
	about    string // for the help: what it does, what it leaves alone
	settings []string
	examples []string
	run      func(context.Context, app.Config, terminal) int
	with     func(ctx context.Context, args []string, t terminal) int          // instead of run: has more than settings
	own      func(ctx context.Context, args []string, out, diag io.Writer) int // instead of run: reads its arguments itself
}

var commands []command

func init() {
	commands = []command{dev, serve, physician, empty, migrate, verify, measure, simulate, offline, version}
}

func find(name string) (command, bool) {
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return commands[i], true
}

var errHelp = errors.New("help was asked for")

// takeSwitch takes a switch that is a command's own, and no setting, out of its arguments.
func takeSwitch(args []string, name string) (rest []string, given bool) {
	rest = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--"+name || arg == "-"+name })
	return rest, len(rest) < len(args)
}

// parse reads configuration file, environment and flags, each over the one before.
func (c command) parse(args []string, t terminal) (app.Config, error) {
	given := map[string]string{}
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	names := []string{"config"}
	file := set.String("config", "", "")
	for _, name := range c.settings {
		s, ok := app.Find(name)
		if !ok {
			panic("no setting " + name)
		}
		if s.Secret {
			continue
		}
		names = append(names, name)
		keep := func(value string) error { given[name] = value; return nil }
		if s.Switch() {
			set.BoolFunc(name, "", keep)
		} else {
			set.Func(name, "", keep)
		}
	}
	var config app.Config
	if err := set.Parse(args); err != nil {
		return config, c.misread(err, names)
	}
	if set.NArg() > 0 {
		return config, c.usage("%q was not expected: billfold %s takes flags only", set.Arg(0), c.name)
	}
	if *file == "" {
		*file, _ = t.env("BILLFOLD_CONFIG")
	}
	if *file != "" {
		text, err := os.ReadFile(*file)
		if err != nil {
			return config, c.usage("the configuration file cannot be read: %v", err)
		}
		if err := app.FromFile(&config, *file, string(text)); err != nil {
			return config, err
		}
	}
	if err := app.FromEnvironment(&config, t.env); err != nil {
		return config, err
	}
	for name, value := range given {
		s, _ := app.Find(name)
		if err := s.Set(&config, value, "--"+name); err != nil {
			return config, err
		}
	}
	return config, nil
}

// misread puts into words what package flag could not make sense of.
func (c command) misread(err error, names []string) error {
	if errors.Is(err, flag.ErrHelp) {
		return errHelp
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		name = strings.TrimPrefix(name, "-")
		if s, known := app.Find(name); known && s.Secret {
			return c.usage("%s is a secret, and everybody on this machine can read a command line: set %s instead", name, s.Variable())
		}
		return c.usage("there is no flag --%s%s", name, app.Nearest(name, names))
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag needs an argument: -"); ok {
		return c.usage("--%s needs a value", strings.TrimPrefix(name, "-"))
	}
	return c.usage("%v", err)
}

func (c command) usage(form string, args ...any) error {
	return &app.UsageError{Text: fmt.Sprintf(form, args...) + " (billfold help " + c.name + ")"}
}

// logTo has the configuration's log written to the terminal's error output, from this level on unless it says otherwise.
func logTo(t terminal, config *app.Config, level slog.Level) error {
	if config.LogLevel != "" {
		if err := level.UnmarshalText([]byte(config.LogLevel)); err != nil {
			return &app.UsageError{Text: fmt.Sprintf("--log-level %s: say debug, info, warn or error", config.LogLevel)}
		}
	}
	if f := config.LogFormat; f != "" && f != "text" && f != "json" {
		return &app.UsageError{Text: fmt.Sprintf("--log-format %s: say text or json", f)}
	}
	config.Log = telemetry.New(telemetry.Options{Writer: t.err, Format: config.LogFormat, Level: level})
	return nil
}

func overview() string {
	var b strings.Builder
	b.WriteString("Billfold " + app.Version + ", wallets for a community: one program, one port, one database.\n\n")
	b.WriteString("  billfold dev          start a sandbox here and now, with demo data\n\nCommands\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.short)
	}
	b.WriteString("  help       explain a command: billfold help serve\n")
	return b.String()
}

// help explains a command.
func (c command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "billfold %s: %s\n\n%s\n", c.name, c.short, c.about)
	if len(c.settings) > 0 {
		b.WriteString("\nFlags\n")
		var secrets []string
		for _, name := range c.settings {
			s, _ := app.Find(name)
			if s.Secret {
				secrets = append(secrets, fmt.Sprintf("  %-23s %s\n", s.Variable(), s.What))
				continue
			}
			fmt.Fprintf(&b, "  %-23s %s\n", strings.TrimSpace("--"+s.Name+" "+s.Value), s.What)
		}
		fmt.Fprintf(&b, "  %-23s %s\n", "--config FILE", "lines of the form name = value, named like the flags")
		if len(secrets) > 0 {
			b.WriteString("\nOnly from the environment or the file, because others can read a command line\n" + strings.Join(secrets, ""))
		}
		b.WriteString("\nEach flag is also a variable, --tls-cert is BILLFOLD_TLS_CERT. Flags win over variables, variables over the file.\n")
	}
	if len(c.examples) > 0 {
		b.WriteString("\nExamples\n")
		for _, line := range c.examples {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}
