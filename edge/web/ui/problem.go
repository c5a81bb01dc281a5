package ui

func problemTone(v Problem) string {
	switch {
	case v.Moved == "unknown", v.Status >= 500:
		return "bad"
	case v.Status == 404:
		return ""
	}
	return "warn"
}

// answerKey names the way on: to what answers an unknown outcome, or simply on.
func answerKey(v Problem) string {
	if v.Moved == "unknown" {
		return "moved.answer"
	}
	return "problem.on"
}

func problemIcon(v Problem) string {
	switch v.Status {
	case 401, 403, 423:
		return "lock"
	case 404:
		return "search"
	case 503:
		return "off"
	}
	return "alert"
}

// movedTone: "no" is good news on an error page.
func movedTone(moved string) string {
	switch moved {
	case "no":
		return "ok"
	case "yes":
		return "info"
	}
	return "warn"
}
