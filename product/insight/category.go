package insight

import "strconv"

// Category is what money is spent for.
type Category string

// The categories. People is what goes to other people, Other what no code says.
const (
	Groceries Category = "groceries"
	EatingOut Category = "eating_out"
	Transport Category = "transport"
	Travel    Category = "travel"
	Home      Category = "home"
	Shopping  Category = "shopping"
	Health    Category = "health"
	Leisure   Category = "leisure"
	Education Category = "education"
	Services  Category = "services"
	Finance   Category = "finance"
	Public    Category = "public"
	People    Category = "people"
	Other     Category = "other"
)

// Categories lists them in the order of a form.
var Categories = []Category{Groceries, EatingOut, Transport, Travel, Home, Shopping, Health, Leisure, Education, Services, Finance,
	Public, People, Other}

// ranges are merchant category codes (ISO 18245) from and to, both included. Of two that fit the first counts: the narrow ones stand
// before the wide.
var ranges = []struct {
	from, to int
	is       Category
}{
	{5411, 5411, Groceries}, {5422, 5422, Groceries}, {5441, 5441, Groceries}, {5451, 5451, Groceries}, {5462, 5462, Groceries},
	{5499, 5499, Groceries}, {5300, 5300, Groceries}, {5921, 5921, Groceries},
	{5811, 5814, EatingOut},
	{4011, 4011, Transport}, {4111, 4131, Transport}, {4784, 4789, Transport}, {5511, 5599, Transport}, {7523, 7523, Transport},
	{7531, 7549, Transport},
	{3000, 3999, Travel}, {4112, 4112, Travel}, {4411, 4411, Travel}, {4511, 4582, Travel}, {4722, 4723, Travel}, {7011, 7033, Travel},
	{7512, 7519, Travel},
	{4812, 4900, Home}, {1520, 1799, Home}, {5200, 5271, Home}, {5712, 5722, Home}, {6513, 6513, Home}, {7217, 7217, Home},
	{4119, 4119, Health}, {5912, 5912, Health}, {5975, 5977, Health}, {7298, 7298, Health}, {8011, 8099, Health},
	{5815, 5818, Leisure}, {5940, 5942, Leisure}, {5945, 5947, Leisure}, {5970, 5973, Leisure}, {7800, 7999, Leisure},
	{8211, 8299, Education}, {8351, 8351, Education}, {5943, 5943, Education},
	{6010, 6300, Finance}, {6381, 6399, Finance}, {9211, 9411, Public}, {8398, 8699, Public},
	{4214, 4225, Services}, {7210, 7299, Services}, {7311, 7511, Services}, {7622, 7699, Services}, {8111, 8111, Services},
	{8911, 8999, Services},
	{5013, 5199, Shopping}, {5309, 5399, Shopping}, {5611, 5699, Shopping}, {5732, 5735, Shopping}, {5931, 5999, Shopping},
}

// OfCode is the category of a merchant category code.
func OfCode(code string) Category {
	n, err := strconv.Atoi(code)
	if err != nil || len(code) != 4 {
		return Other
	}
	for _, r := range ranges {
		if n >= r.from && n <= r.to {
			return r.is
		}
	}
	return Other
}

// Known tells whether a category exists.
func Known(c Category) bool {
	for _, one := range Categories {
		if one == c {
			return true
		}
	}
	return false
}
