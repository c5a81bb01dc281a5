package id

// Luhn says whether the last of some decimal digits is the check digit of those before it (ISO/IEC 7812-1, annex B), as on payment cards.
// One in ten other numbers has it too.
func Luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
