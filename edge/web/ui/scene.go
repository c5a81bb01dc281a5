package ui

import (
	"context"
	"strings"
	"time"

	"billfold/base/lang"
	"billfold/edge/web/text"
)

// Scene is what every page needs besides its own view: who looks at it and how they like to read.
type Scene struct {
	Lang     lang.Tag
	Zone     *time.Location // times are shown in it and named by it
	Now      time.Time      // the business clock: "today" on the sandbox's calendar
	Theme    string         // "light", "dark" or "" for the system's
	Sandbox  bool
	Shifted  bool   // the sandbox's clock was moved: the banner says what it shows
	Path     string // of this page, for the language and theme switches to come back to
	CSRF     string // the form token
	Person   Person // zero when nobody is signed in
	Shops    []ShopLink
	Discreet bool   // balances are hidden from whoever looks over a shoulder
	Unread   int    // notices, 100 for more than 99
	TopUp    bool   // money can come in here: a card rail is set up
	Bank     bool   // money can leave to a bank account
	Desk     bool   // money can be exchanged
	DemoShop bool   // the sandbox has a web shop to try
	Insights bool   // somebody counts where the money goes
	Area     string // "home", "activity", "topup", "me", "shop:mch_…", "ops": what the navigation marks as current
	Flash    Flash
	Request  string // the request id, for the foot of an error page
}

// Person is who is signed in.
type Person struct {
	ID, Name, Handle, Email string
	Operator                bool
}

// ShopLink is a shop of the signed-in person.
type ShopLink struct{ ID, Name string }

// Flash is a note carried over one redirect.
type Flash struct {
	Tone string // "ok", "info", "warn", "bad"
	Text string
}

type sceneKey struct{}

// With puts the scene into the context of a rendering.
func With(ctx context.Context, s Scene) context.Context { return context.WithValue(ctx, sceneKey{}, s) }

// From takes the scene out; without one it is English in UTC, signed out.
func From(ctx context.Context) Scene {
	s, ok := ctx.Value(sceneKey{}).(Scene)
	if !ok || s.Lang == "" {
		s.Lang = lang.EN
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	return s
}

// T is the sentence of a key in the reader's language.
func T(ctx context.Context, key string, args ...any) string {
	return text.Say(From(ctx).Lang, key, args...)
}

// word looks up family.code and falls back to the code itself, for codes that other packages may add.
func word(ctx context.Context, family, code string) string { return Word(From(ctx).Lang, family, code) }

// Word is word for what is not a page: a file, a mail.
func Word(tag lang.Tag, family, code string) string {
	if key := family + "." + code; text.Has(key) {
		return text.Say(tag, key)
	}
	return strings.ReplaceAll(code, "_", " ")
}

// scopeWord says what a scope of the API, such as "refunds:write", lets a key do.
func scopeWord(ctx context.Context, scope string) string {
	return word(ctx, "scope", strings.ReplaceAll(scope, ":", "_"))
}

// scopeWords does it for several, which have spaces between them.
func scopeWords(ctx context.Context, scopes string) string {
	list := strings.Fields(scopes)
	for i, scope := range list {
		list[i] = scopeWord(ctx, scope)
	}
	return strings.Join(list, " · ")
}

func htmlLang(ctx context.Context) string { return string(From(ctx).Lang) }

// initials of a name for its avatar: two letters of a Latin name, the last sign of a Chinese one (as Chinese apps do).
func initials(name string) string {
	var out []rune
	for _, part := range strings.Fields(name) {
		for _, r := range part {
			if !letter(r) {
				continue
			}
			if r >= 0x2E80 {
				runes := []rune(strings.TrimSpace(name))
				return string(runes[len(runes)-1:])
			}
			out = append(out, r)
			break
		}
		if len(out) == 2 {
			break
		}
	}
	if len(out) == 0 {
		return "·"
	}
	return strings.ToUpper(string(out))
}

// shopInitials are two letters of a shop's name, or its first Chinese sign.
func shopInitials(name string) string {
	for _, r := range name {
		if r >= 0x2E80 && letter(r) {
			return string(r)
		}
		if letter(r) {
			break
		}
	}
	return initials(name)
}

// hue picks one of six avatar colours, always the same one for the same name.
func hue(name string) string {
	var sum uint32 = 2166136261
	for _, b := range []byte(name) {
		sum = (sum ^ uint32(b)) * 16777619
	}
	return "h" + string('0'+rune(sum%6))
}
