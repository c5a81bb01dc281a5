package main

import (
	"context"
	"fmt"
	"strings"

	"billfold/app"
)

// welcome writes dev.env and says where to go from here.
func welcome(ctx context.Context, a *app.App, t terminal) error {
	keys, err := a.DemoKeys(ctx)
	if err != nil {
		return err
	}
	operator, err := a.SetUpLink(ctx)
	if err != nil {
		return err
	}
	if err := a.WriteEnv(keys, operator); err != nil {
		return err
	}
	people, err := a.Personas(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(people))
	for i, p := range people {
		names[i] = p.Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Billfold %s · sandbox · %s · clock %s (virtual)\n", app.Version, store(a), a.Clock.Now().Format("2006-01-02 15:04Z"))
	row := func(what, value string) { fmt.Fprintf(&b, "  %-10s %s\n", what, value) }
	if len(names) > 0 {
		row("Wallet", fmt.Sprintf("%-30s one-click personas: %s", a.URL.String()+"/", strings.Join(names, " · ")))
	} else {
		row("Wallet", a.URL.String()+"/")
	}
	row("Operator", operator+"   (one-time, 30 min)")
	if keys.Shop != "" {
		row("API", fmt.Sprintf("%-30s test key %s  (also in %s)", a.URL.String()+"/openapi.json", keys.Shop, app.EnvFile(a.Config.Data)))
		row("Try", fmt.Sprintf("curl -s %s/v1/balance -u %s:", a.URL, keys.Shop))
	} else {
		row("API", a.URL.String()+"/openapi.json")
	}
	_, err = fmt.Fprint(t.out, b.String())
	return err
}

// announce says where the server is, and how to become its operator while nobody is.
func announce(ctx context.Context, a *app.App, t terminal) error {
	needed, err := a.NeedsOperator(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Billfold %s · live · %s · %s\n", app.Version, store(a), a.URL)
	if a.Config.MailServer == "" {
		fmt.Fprintln(t.out, "  Mail       none: nobody gets the code to sign up with until --mail-server is given")
	}
	if !needed {
		return nil
	}
	link, err := a.SetUpLink(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "  Operator   %s   (one-time, 30 min: sign up, then open it)\n", link)
	return err
}

// store says where the data is, without what opens it.
func store(a *app.App) string {
	if a.Config.DB != "" {
		return "PostgreSQL"
	}
	return "embedded store " + a.Config.Data
}
