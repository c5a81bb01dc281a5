package qr

import (
	"strings"
	"unicode/utf8"
)

// Parse reads a payload. It refuses with qr_form what breaks the standard, naming the object, and with qr_checksum what is
// a code with a wrong checksum. White space around the payload is ignored, as people paste it.
func Parse(payload string) (Code, error) {
	payload = strings.TrimSpace(payload)
	c, loose, err := read(payload)
	switch {
	case len(payload) <= mostBytes && utf8.ValidString(payload) && utf8.RuneCountInString(payload) > maxPayload:
		err = ErrForm.With("63")
	case err != nil:
	case !strings.HasPrefix(payload, "000201"):
		err = ErrForm.With("00")
	case checksum(payload[:len(payload)-4]) != payload[len(payload)-4:]: // in small letters, which the standard does not have
		err = ErrChecksum.With("63")
	case loose != nil:
		err = loose
	default:
		err = c.check()
	}
	if err != nil {
		return Code{}, err
	}
	return c, nil
}

// Glance reads a code that need not keep to the standard: codes of other schemes leave out what it demands, count versions of
// their own, put what it does not know into its templates, write the checksum in small letters or are longer, and what they are
// should be said all the same. The checksum has to be right; what cannot be understood inside a template is left out. missing
// names the mandatory objects that are not there (MPM table 3.1). Nobody is paid by what it reads: that takes Parse.
func Glance(payload string) (c Code, missing []string, err error) {
	if c, _, err = read(payload); err != nil {
		return c, nil, err
	}
	for _, must := range []struct{ at, value string }{{"52", c.Category}, {"53", c.Currency}, {"58", c.Country}, {"59", c.Name},
		{"60", c.City}} {
		if must.value == "" {
			missing = append(missing, must.at)
		}
	}
	return c, missing, nil
}

// mostBytes is the longest payload that is looked at. Labels that several schemes share are longer than the standard wants them.
const mostBytes = 4 * maxPayload

// read takes a payload apart; what its objects say is not held against the standard's tables. loose is the first thing inside the objects
// that could not be understood, beside which the rest was read.
func read(payload string) (c Code, loose, err error) {
	payload = strings.TrimSpace(payload)
	if !strings.HasPrefix(payload, "0002") || len(payload) > mostBytes || !utf8.ValidString(payload) {
		return c, nil, ErrForm.With("00")
	}
	body, sum := payload[:max(len(payload)-4, 0)], payload[max(len(payload)-4, 0):]
	if !strings.HasSuffix(body, "6304") {
		return c, nil, ErrForm.With("63")
	}
	if checksum(body) != strings.ToUpper(sum) {
		return c, nil, ErrChecksum.With("63")
	}
	objects, err := split(payload, "")
	if err != nil {
		return c, nil, err
	}
	if last := objects[len(objects)-1]; last.ID != 63 || last.Value != sum { // "6304" was the end of another object's value
		return c, nil, ErrForm.With("63")
	}
	for _, o := range objects[1 : len(objects)-1] {
		if err := c.take(o); err != nil && loose == nil {
			loose = err
		}
	}
	if c.Tip, err = takeTip(get(objects, 55), get(objects, 56), get(objects, 57)); err != nil && loose == nil {
		loose = err
	}
	return c, loose, nil
}

// take puts one object of the payload in its place.
func (c *Code) take(o Object) (err error) {
	simple := map[uint8]*string{1: &c.Method, 52: &c.Category, 53: &c.Currency, 54: &c.Amount, 58: &c.Country, 59: &c.Name, 60: &c.City,
		61: &c.Postal}
	if place := simple[o.ID]; place != nil {
		*place = o.Value
		return nil
	}
	switch id := o.ID; {
	case id >= 2 && id <= 25:
		c.Schemes = append(c.Schemes, o)
	case id >= 26 && id <= 51:
		c.Accounts, err = takeTemplate(c.Accounts, o, "")
	case id == 62:
		err = c.Additional.take(o.Value)
	case id == 64:
		err = c.Local.take(o.Value)
	case id >= 55 && id <= 57: // see takeTip
	case id >= 65 && id <= 79:
		c.Reserved = append(c.Reserved, o)
	case id >= 80:
		c.Unreserved, err = takeTemplate(c.Unreserved, o, "")
	default:
		err = ErrForm.With(pair(int(id)))
	}
	return err
}

// takeTip reads the three objects together: the second stands there if and only if the first says so, and the third (MPM 3.4).
func takeTip(indicator, fixed, percentage string) (t Tip, err error) {
	switch {
	case indicator == "01" && fixed == "" && percentage == "":
		return Tip{Kind: AskTip}, nil
	case indicator == "02" && percentage == "":
		return Tip{FixedTip, fixed}, nil
	case indicator == "03" && fixed == "":
		return Tip{PercentTip, percentage}, nil
	case indicator == "" && fixed == "" && percentage == "":
		return t, nil
	}
	return t, ErrForm.With("55")
}

// takeTemplate reads a template: its identifier comes first (MPM 4.6).
func takeTemplate(list []Template, o Object, path string) ([]Template, error) {
	at := name(path, o.ID)
	in, err := split(o.Value, at)
	if err != nil {
		return list, err
	}
	if in[0].ID != 0 {
		return list, ErrForm.With(at + ".00")
	}
	return append(list, Template{ID: o.ID, GUID: in[0].Value, Objects: in[1:]}), nil
}

// places are the texts of the additional data by id, from 1.
func (a *Additional) places() []*string {
	return []*string{nil, &a.Bill, &a.Mobile, &a.Store, &a.Loyalty, &a.Reference, &a.Customer, &a.Terminal, &a.Purpose, &a.Request,
		&a.TaxID, &a.Channel}
}

func (a *Additional) take(value string) error {
	in, err := split(value, "62")
	if err != nil {
		return err
	}
	places := a.places()
	var loose error
	for _, o := range in {
		switch {
		case o.ID == 0: // some schemes say here whose the rest is; it says what it says all the same
			loose = ErrForm.With("62.00")
		case int(o.ID) < len(places):
			*places[o.ID] = o.Value
		case o.ID < 50:
			a.Reserved = append(a.Reserved, o)
		default:
			if a.Templates, err = takeTemplate(a.Templates, o, "62"); err != nil {
				return err
			}
		}
	}
	return loose
}

func (l *Local) take(value string) error {
	in, err := split(value, "64")
	if err != nil {
		return err
	}
	for _, o := range in {
		switch o.ID {
		case 0:
			l.Language = o.Value
		case 1:
			l.Name = o.Value
		case 2:
			l.City = o.Value
		default:
			l.Reserved = append(l.Reserved, o)
		}
	}
	return nil
}
