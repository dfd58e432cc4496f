Profile: UKCoreEpisodeOfCare
Id: UKCore-EpisodeOfCare
Parent: EpisodeOfCare
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare"
* ^version = "2.2.0"
* ^status = #draft
* status MS
* patient MS
* period MS
* careManager MS
