package main

import (
	"context"
	"fmt"
	"strings"

	"billfold/app"
	"billfold/app/demo"
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
	var b strings.Builder
	fmt.Fprintf(&b, "Billfold %s · sandbox · %s · clock %s (virtual)\n", app.Version, store(a), a.Clock.Now().Format("2006-01-02 15:04Z"))
	row := func(what, value string) { fmt.Fprintf(&b, "  %-10s %s\n", what, value) }
	wallet, programs := a.URL.String()+"/", a.URL.String()+"/docs"
	if keys.Shop == "" {
		row("Wallet", wallet)
		row("API", programs)
		row("Operator", operator+"   (one-time, 30 min)")
	} else {
		row("Wallet", fmt.Sprintf("%-36s one-click personas: %s", wallet, strings.Join(demo.Known(), " · ")))
		row("API", fmt.Sprintf("%-36s test key %s  (also in %s)", programs, keys.Shop, app.EnvFile(a.Config.Data)))
		row("Demo shop", fmt.Sprintf("%-36s sells through the API; pay there as a customer", a.URL.String()+"/demo-shop"))
		row("Operator", operator+"   (one-time, 30 min)")
		trusting := ""
		if file := a.TrustFile(); file != "" {
			trusting = " --cacert " + file
		}
		row("Try", fmt.Sprintf("curl -s%s %s/v1/balance -u %s:", trusting, a.URL, keys.Shop))
	}
	if page, fingerprint, ok := a.Trust(); ok {
		who := "Phones"
		if a.URL.Hostname() == "localhost" {
			who = "Browsers"
		}
		row(who, page+"   open it, compare, and trust the certificate:")
		row("", fingerprint)
		if who != "Phones" {
			row("Phones", "cannot reach localhost: start it with --addr :"+a.URL.Port()+" for those in the same network")
		}
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
