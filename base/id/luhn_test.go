package id

import "testing"

// The examples of card numbers are the ones that card schemes publish for tests; one digit changed is always found.
func TestLuhn(t *testing.T) {
	for _, number := range []string{"4242424242424242", "5555555555554444", "378282246310005", "6200000000000005", "0"} {
		if !Luhn(number) {
			t.Errorf("%s has its check digit", number)
		}
		for i := range len(number) {
			wrong := []byte(number)
			wrong[i] = '0' + (wrong[i]-'0'+3)%10
			if Luhn(string(wrong)) {
				t.Errorf("%s has not", wrong)
			}
		}
	}
}
