package app

import (
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestSettings shows that everything that can be configured can be so by file and by environment, under one name, and that
// the environment wins.
func TestSettings(t *testing.T) {
	var byFile, byEnvironment Config
	env := map[string]string{}
	var file strings.Builder
	for _, s := range Settings {
		value := "7" // a text, a number, a list
		if s.Switch() {
			value = "true"
		}
		file.WriteString(s.Name + " = " + value + "\n")
		env[s.Variable()] = value
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if err := FromFile(&byFile, "conf", "# all of it\n\n"+file.String()); err != nil {
		t.Fatal(err)
	}
	if err := FromEnvironment(&byEnvironment, lookup); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(byFile, byEnvironment) {
		t.Errorf("the file gives %+v, the environment %+v", byFile, byEnvironment)
	}
	given := []string{"Mode", "Log", "Ground", "Successor", "Inspect"} // by the command, not by who sets it up
	v := reflect.ValueOf(byFile)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() && !slices.Contains(given, name) {
			t.Errorf("%s cannot be configured", name)
		}
	}
	env["BILLFOLD_SEED"] = "8"
	if err := FromEnvironment(&byFile, lookup); err != nil || byFile.Seed != 8 {
		t.Errorf("over the file the environment gives %d, %v", byFile.Seed, err)
	}
}

// TestBadSettings shows that what cannot be read is named with its place, and a secret not repeated.
func TestBadSettings(t *testing.T) {
	var c Config
	for text, want := range map[string]string{
		"seed = many":       `conf, line 1: "many" is not a whole number`,
		"\nempty = perhaps": `conf, line 2: "perhaps" is not true or false`,
		"db-conns = -1":     `"-1" is not`,
		"data":              "write name = value",
		"datta = x":         "did you mean data?",
	} {
		if err := FromFile(&c, "conf", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestPublicURL shows where people are sent, and which addresses they are not sent to.
func TestPublicURL(t *testing.T) {
	ln := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4321}
	for _, c := range []struct {
		config Config
		want   string // "" = refused
	}{
		{Config{Addr: "localhost:8080"}, "http://localhost:4321"},
		{Config{Addr: ":8080"}, "http://localhost:4321"},
		{Config{Addr: "[::]:443", TLSCert: "x"}, "https://localhost:4321"},
		{Config{Addr: "x:1", PublicURL: "https://pay.example.org/"}, "https://pay.example.org"},
		{Config{Addr: "x:1", PublicURL: "http://localhost:9"}, "http://localhost:9"},
		{Config{Addr: "x:1", PublicURL: "http://pay.example.org"}, ""},
		{Config{Addr: "x:1", PublicURL: "https://pay.example.org/wallet"}, ""},
		{Config{Addr: "x:1", PublicURL: "https://me@pay.example.org"}, ""},
		{Config{Addr: "x:1", PublicURL: "ftp://localhost"}, ""},
		{Config{Addr: "x:1", PublicURL: "pay.example.org"}, ""},
	} {
		u, err := publicURL(c.config, ln)
		if (err != nil) != (c.want == "") || err == nil && u.String() != c.want {
			t.Errorf("%+v: %v, %v, want %q", c.config.PublicURL, u, err, c.want)
		}
	}
}
