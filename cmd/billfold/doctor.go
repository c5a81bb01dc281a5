package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"billfold/app"
)

var physician = command{
	name:  "doctor",
	short: "say what is missing or wrong for real use, and what mends it",
	about: `Looks at everything that billfold serve needs, with the same flags, and changes nothing: the data folder and its
disk, the database and what it promises, the keyring, the newest entries, backups, the clock, the port, the public
address, the certificate and the mail relay. It runs beside a server or without one, and shows no secret. Each line
is ok, warn or fail; below what is not ok stands the command or setting that mends it.

  --json                  one object: {"ok": false, "checks": [{"name", "grade", "says", "mend"}, …]}

Exit code 0: nothing fails; 1: something does; 2: the command was not understood.`,
	settings: serve.settings,
	examples: []string{"billfold doctor --data /var/lib/billfold --config /etc/billfold.conf"},
	with:     func(ctx context.Context, args []string, t terminal) int { return examine(ctx, args, t) },
}

// examine is `billfold doctor`.
func examine(ctx context.Context, args []string, t terminal) int {
	args, asJSON := takeSwitch(args, "json")
	self, _ := find("doctor")
	c, err := self.parse(args, t)
	if errors.Is(err, errHelp) {
		fmt.Fprint(t.out, self.help())
		return done
	}
	if err == nil {
		err = logTo(t, &c, slog.LevelError)
	}
	if err != nil {
		return t.refuse(err, misunderstood)
	}
	c.Mode = app.Live
	checks := app.Doctor(ctx, c)
	code := done
	for _, one := range checks {
		if one.Grade == app.Bad {
			code = failed
		}
	}
	if asJSON {
		err = t.checksJSON(checks, code == done)
	} else {
		err = t.checks(t.out, checks)
	}
	if err != nil {
		return t.refuse(err, failed)
	}
	return code
}

func (t terminal) checks(w io.Writer, checks []app.Check) error {
	tag := t.lang()
	var b strings.Builder
	count := map[app.Grade]int{}
	for _, one := range checks {
		count[one.Grade]++
		fmt.Fprintf(&b, "%-5s %-13s %s\n", one.Grade, one.Name, one.Says.In(tag))
		if mend := one.Mend.In(tag); mend != "" && one.Grade != app.Fine {
			fmt.Fprintf(&b, "%-5s %-13s → %s\n", "", "", mend)
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d warn, %d fail\n", count[app.Fine], count[app.Fair], count[app.Bad])
	_, err := io.WriteString(w, b.String())
	return err
}

func (t terminal) checksJSON(checks []app.Check, ok bool) error {
	type line struct {
		Name  string    `json:"name"`
		Grade app.Grade `json:"grade"`
		Says  string    `json:"says"`
		Mend  string    `json:"mend,omitempty"`
	}
	answer := struct {
		OK     bool   `json:"ok"`
		Checks []line `json:"checks"`
	}{OK: ok}
	for _, one := range checks {
		answer.Checks = append(answer.Checks, line{one.Name, one.Grade, one.Says.In(t.lang()), one.Mend.In(t.lang())})
	}
	return json.NewEncoder(t.out).Encode(answer)
}
