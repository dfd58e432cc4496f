package audit

const clientSystem = "https://pestle-fhir.github.io/audit/client"
const retained = "delete-retained"
