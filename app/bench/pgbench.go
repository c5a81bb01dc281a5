package bench

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

const (
	// pgbenchClients is how many connections pgbench uses: as many as the server's pool has.
	pgbenchClients = 16
	// pgbenchScale is the size of its tables: as many branches as clients, for with fewer they wait for each other's branch.
	pgbenchScale = 16
)

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench runs PostgreSQL's own TPC-B on the server that was measured, for as long, and answers with its transactions a second: a figure
// that says how fast the machine is. 0 where pgbench is not to be found or cannot log in. It removes its tables again.
func pgbench(ctx context.Context, c *common) (perSecond float64) {
	tool, err := exec.LookPath("pgbench")
	if err != nil {
		return 0
	}
	place, err := url.Parse(c.dsn)
	if err != nil {
		return 0
	}
	env := os.Environ()
	if word, ok := place.User.Password(); ok { // a command line would show it
		env = append(env, "PGPASSWORD="+word)
		place.User = url.User(place.User.Username())
	}
	run := func(args ...string) []byte {
		cmd := exec.CommandContext(ctx, tool, append(args, place.String())...)
		cmd.Env = env
		text, err := cmd.CombinedOutput()
		if err != nil {
			fmt.Fprintf(c.diag, "pgbench: %v\n%s", err, text)
			return nil
		}
		return text
	}
	scale, clients := strconv.Itoa(pgbenchScale), strconv.Itoa(pgbenchClients)
	if run("-q", "-i", "-s", scale) == nil {
		return 0
	}
	defer run("-q", "-i", "-I", "d")
	text := run("-c", clients, "-j", "2", "-M", "prepared", "-T", strconv.Itoa(int(c.duration/time.Second)))
	if found := tps.FindSubmatch(text); found != nil {
		perSecond, _ = strconv.ParseFloat(string(found[1]), 64)
	}
	return perSecond
}
