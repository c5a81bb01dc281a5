package ui

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// id tells the field from others of its name on the page.
func (f Input) id() string {
	if f.Row == "" {
		return f.Name
	}
	return f.Name + "-" + f.Row
}

func inputAttributes(f Input) templ.Attributes {
	a := templ.Attributes{"type": "text"}
	set := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	set("type", f.Type)
	set("autocomplete", f.Auto)
	set("inputmode", f.Mode)
	set("pattern", f.Pattern)
	if f.Max > 0 {
		a["maxlength"] = strconv.Itoa(f.Max)
	}
	if !f.Optional && !f.Bare {
		a["required"] = true
	}
	if f.Focus || f.Error != "" { // a form that came back opens where it has to be mended
		a["autofocus"] = true
	}
	if f.Auto == "username" || f.Type == "email" || f.Name == "handle" {
		a["autocapitalize"] = "none"
		a["spellcheck"] = "false"
	}
	var described []string
	if f.Hint != "" {
		described = append(described, "h-"+f.id())
	}
	if f.Error != "" {
		described = append(described, "e-"+f.id())
		a["aria-invalid"] = "true"
	}
	set("aria-describedby", strings.Join(described, " "))
	return a
}

func invalid(name, problem string) templ.Attributes {
	if problem == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "e-" + name, "autofocus": true}
}
