"""What the people of the synthetic profiles do and how they write, in five languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trade:
    """`topics` by language; `category` as Instagram names it, null where the account has none."""

    category: str | None
    topics: dict[str, tuple[str, ...]]
    hashtags: tuple[str, ...]


TRADES = (
    Trade(
        "Fitness Trainer",
        {
            "en": ("strength training", "mobility work", "meal prep", "morning runs"),
            "es": ("entrenamiento de fuerza", "movilidad", "comida sana", "correr al amanecer"),
            "pt": ("treino de força", "mobilidade", "marmitas saudáveis", "corrida matinal"),
            "de": ("Krafttraining", "Beweglichkeit", "gesunde Küche", "Laufen am Morgen"),
            "fr": ("musculation", "mobilité", "cuisine saine", "course du matin"),
        },
        ("fitness", "strength", "coach", "wellness", "movement"),
    ),
    Trade(
        "Restaurant",
        {
            "en": ("sourdough", "the summer menu", "natural wine", "Sunday brunch"),
            "es": ("pan de masa madre", "el menú de verano", "vino natural", "el brunch del domingo"),
            "pt": ("pão de fermentação natural", "o menu de verão", "vinho natural", "o brunch de domingo"),
            "de": ("Sauerteigbrot", "die Sommerkarte", "Naturwein", "der Brunch am Sonntag"),
            "fr": ("le pain au levain", "la carte d'été", "le vin nature", "le brunch du dimanche"),
        },
        ("foodie", "chef", "localfood", "brunch", "seasonal"),
    ),
    Trade(
        "Marketing Agency",
        {
            "en": ("landing pages", "brand strategy", "paid social", "email funnels"),
            "es": ("páginas de venta", "estrategia de marca", "anuncios en redes", "embudos de correo"),
            "pt": ("páginas de vendas", "estratégia de marca", "anúncios pagos", "funis de e-mail"),
            "de": ("Landingpages", "Markenstrategie", "bezahlte Anzeigen", "E-Mail-Strecken"),
            "fr": (
                "les pages de vente",
                "la stratégie de marque",
                "la publicité sociale",
                "les tunnels d'e-mails",
            ),
        },
        ("marketing", "branding", "smallbusiness", "growth", "agencylife"),
    ),
    Trade(
        None,
        {
            "en": ("slow travel", "film photography", "mountain huts", "night trains"),
            "es": ("viajar despacio", "fotografía analógica", "refugios de montaña", "trenes nocturnos"),
            "pt": ("viajar devagar", "fotografia analógica", "abrigos de montanha", "comboios noturnos"),
            "de": ("langsames Reisen", "analoge Fotografie", "Berghütten", "Nachtzüge"),
            "fr": ("le voyage lent", "la photo argentique", "les refuges", "les trains de nuit"),
        },
        ("travel", "35mm", "wanderlust", "outdoors", "slowtravel"),
    ),
    Trade(
        "Clothing (Brand)",
        {
            "en": ("linen shirts", "our repair service", "deadstock fabric", "the autumn drop"),
            "es": (
                "camisas de lino",
                "nuestro servicio de arreglos",
                "telas recuperadas",
                "la colección de otoño",
            ),
            "pt": (
                "camisas de linho",
                "o nosso serviço de reparação",
                "tecidos recuperados",
                "a coleção de outono",
            ),
            "de": ("Leinenhemden", "unser Reparaturdienst", "Restposten-Stoffe", "die Herbstkollektion"),
            "fr": (
                "les chemises en lin",
                "notre service de retouche",
                "les tissus dormants",
                "la collection d'automne",
            ),
        },
        ("slowfashion", "linen", "madelocal", "ethicalfashion", "newdrop"),
    ),
)

BIOS = {
    "en": (
        "{topic} in {place} since {year}",
        "Helping small teams with {topic} 👋",
        "{topic}, {other} and coffee ☕",
    ),
    "es": (
        "{topic} en {place} desde {year}",
        "Ayudo a equipos con {topic} 👋",
        "{topic}, {other} y mucho café ☕",
    ),
    "pt": (
        "{topic} em {place} desde {year}",
        "Ajudo equipas com {topic} 👋",
        "{topic}, {other} e muito café ☕",
    ),
    "de": (
        "{topic} in {place} seit {year}",
        "Hilfe für kleine Teams: {topic} 👋",
        "{topic}, {other} und Kaffee ☕",
    ),
    "fr": (
        "{topic} à {place} depuis {year}",
        "J'aide les équipes avec {topic} 👋",
        "{topic}, {other} et du café ☕",
    ),
}

CAPTIONS = {
    "en": (
        "Three things we learned about {topic} this month. The second one surprised us most, so save it for later.",
        "New week, new plan: {topic} first, {other} after. What is on your list?",
        "A reader from {place} asked how we started with {topic}. Short answer: badly! Long answer in the comments.",
        "Behind the scenes of {topic} ✨ It took four tries and one very patient neighbour.",
        "We have two places left for {topic} in {place}. Send us a message if you want one.",
    ),
    "es": (
        "Tres cosas que aprendimos este mes sobre {topic}. La segunda nos sorprendió de verdad.",
        "Semana nueva, plan nuevo: primero {topic}, luego {other}. ¿Y vosotros?",
        "Nos preguntan desde {place} cómo empezamos con {topic}. Respuesta corta: ¡mal!",
        "Detrás de las cámaras: {topic} ✨ Hicieron falta cuatro intentos.",
        "Quedan dos plazas para {topic} en {place}. Escríbenos si quieres una.",
    ),
    "pt": (
        "Três coisas que aprendemos este mês sobre {topic}. A segunda surpreendeu toda a gente.",
        "Semana nova, plano novo: primeiro {topic}, depois {other}. E vocês?",
        "Perguntaram de {place} como começámos com {topic}. Resposta curta: mal!",
        "Bastidores: {topic} ✨ Foram precisas quatro tentativas.",
        "Restam duas vagas para {topic} em {place}. Manda mensagem se quiseres uma.",
    ),
    "de": (
        "Drei Dinge, die wir diesen Monat über {topic} gelernt haben. Das zweite hat uns überrascht.",
        "Neue Woche, neuer Plan: erst {topic}, dann {other}. Und bei euch?",
        "Jemand aus {place} fragte, wie wir mit {topic} angefangen haben. Kurz gesagt: schlecht!",
        "Hinter den Kulissen: {topic} ✨ Es brauchte vier Versuche.",
        "Noch zwei freie Plätze für {topic} in {place}. Schreib uns, wenn du einen willst.",
    ),
    "fr": (
        "Trois choses apprises ce mois-ci sur {topic}. La deuxième nous a vraiment surpris.",
        "Nouvelle semaine, nouveau plan : d'abord {topic}, ensuite {other}. Et vous ?",
        "On nous demande depuis {place} comment nous avons commencé avec {topic}. Réponse courte : mal !",
        "Dans les coulisses : {topic} ✨ Il a fallu quatre essais.",
        "Il reste deux places pour {topic} à {place}. Écrivez-nous si vous en voulez une.",
    ),
}

PLACES = {
    "en": ("Bristol", "Portland", "Melbourne", "Galway"),
    "es": ("Valencia", "Oaxaca", "Medellín", "Bilbao"),
    "pt": ("Porto", "Curitiba", "Lisboa", "Recife"),
    "de": ("Leipzig", "Graz", "Köln", "Bern"),
    "fr": ("Lyon", "Nantes", "Montréal", "Namur"),
}
